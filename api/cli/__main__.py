"""`python -m api.cli`, as the supervisor starts its processes."""

from api.cli import main

main()
