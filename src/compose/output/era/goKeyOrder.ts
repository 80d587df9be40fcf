/**
 * The order of the keys of a map in YAML that Go prints: by letters, numbers inside a key by their value, everything else
 * before letters.
 */
export function compareGoKeys(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  const at = left.findIndex((character, index) => character !== right[index]);
  if (at < 0) return left.length - right.length;
  const one = left[at] ?? '';
  const other = right[at];
  if (other === undefined) return 1;
  if (isLetter(one) && isLetter(other)) return byCode(one, other);
  if (isLetter(one) || isLetter(other)) {
    // After a digit a letter ends the number, and the shorter number comes first.
    const inNumber = isDigit(left[at - 1] ?? '');
    return isLetter(one) === inNumber ? -1 : 1;
  }
  return byNumber(left, right, at) || byCode(one, other);
}

/** By the numbers that begin where the keys part; leading zeros of one that began before do not count. */
function byNumber(left: readonly string[], right: readonly string[], at: number): number {
  const one = digitsFrom(left, at);
  const other = digitsFrom(right, at);
  const zero = one.startsWith('0') || other.startsWith('0');
  const lead = zero && /[1-9][0-9]*$/.test(left.slice(0, at).join('')) ? '1' : '';
  return Number(lead + one) - Number(lead + other) || one.length - other.length;
}

function digitsFrom(characters: readonly string[], at: number): string {
  const end = characters.findIndex((character, index) => index >= at && !isDigit(character));
  return characters.slice(at, end < 0 ? undefined : end).join('');
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

function isDigit(character: string): boolean {
  return /^\p{Nd}$/u.test(character);
}

function byCode(a: string, b: string): number {
  return (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0);
}
