"""What the PostgreSQL engine is made of; `hold.postgres` puts it together. Nobody else imports it."""
