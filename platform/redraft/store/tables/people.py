"""Who works here, the secrets they sign in with, and the log of what they did."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, String, Table, Text

from redraft.records import Role, TokenKind
from redraft.store.tables.columns import metadata, one_of, seq

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("email", String(320), unique=True),
    Column("work", Text, nullable=False, server_default="{}"),
    Column("created_at", Double, nullable=False),
    one_of("role", Role),
)

tokens = Table(
    "tokens",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("id", String(12), nullable=False, unique=True),
    Column("user", String(64), ForeignKey("users.name"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
    one_of("kind", TokenKind),
)

audit = Table(
    "audit",
    metadata,
    seq(),
    Column("at", Double, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("detail", Text, nullable=False),
)
