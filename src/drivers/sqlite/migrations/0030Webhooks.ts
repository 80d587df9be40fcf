/** Who may publish events from outside. No secret: it is derived from the machine's key and the nonce. */
export const webhooks = `
CREATE TABLE webhook_source (
  id TEXT PRIMARY KEY,
  topic TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL,
  nonce TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
`;
