/** Narrows a string from storage or the wire to a member of a closed union; throws on any other. */
export function member<T extends string>(members: readonly T[], text: string): T {
  const found = members.find(candidate => candidate === text);
  if (found === undefined) throw new Error(`Expected one of ${members.join(', ')}, got ${JSON.stringify(text)}`);
  return found;
}
