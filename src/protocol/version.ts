/** Raised only for a change that an older peer cannot ignore; everything else is additive. */
export const protocolVersion = 1;
