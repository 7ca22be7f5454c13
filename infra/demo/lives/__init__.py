"""How cases go: from their arrival to the end, or to the end of the year."""

from infra.demo.lives.telling import told

__all__ = ["told"]
