"""What the domain runs on. With it, time zones are those of the pinned `tzdata`, not the machine's."""

from zoneinfo import ZoneInfo, reset_tzpath

reset_tzpath(to=())
ZoneInfo.clear_cache()
