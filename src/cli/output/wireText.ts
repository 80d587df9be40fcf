/** Protobuf's empty string means "none". */
export function orUndefined(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** ISO 8601 in UTC; empty for 0, which means "not yet". */
export function isoTime(milliseconds: bigint): string {
  return milliseconds === 0n ? '' : new Date(Number(milliseconds)).toISOString();
}
