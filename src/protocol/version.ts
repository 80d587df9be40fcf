/**
 * The wire: the Connect protocol over cleartext HTTP/2 on the endpoint's unix socket or named pipe, one connection per client,
 * `Authorization: Bearer <token>` on every call. A failed call carries one `ErrorDetail`.
 *
 * Raised only for a change that an older peer cannot ignore; everything else is additive.
 */
export const protocolVersion = 1;

/** Header that a client inside a run sets to `MUSTER_RUN_ID`: what such a caller may do is said in `policy.proto`. */
export const runHeader = 'muster-run';

/** Header of answers while a damaged database lies aside that nobody has acknowledged: `HostService.GetStatus` names it. */
export const damagedHeader = 'muster-damaged';
