export interface Expansion {
  readonly text: string;
  /** Names that nothing defines and that have no default, in order. */
  readonly unset: readonly string[];
  /** What a `${NAME:?message}` says. */
  readonly refused?: string | undefined;
}

type LookUp = (name: string) => string | undefined;

const REFERENCE =
  /\\\$|\$\$|\$(?:(?<plain>[A-Za-z_][A-Za-z0-9_]*)|\{(?<braced>[A-Za-z_][A-Za-z0-9_]*)(?<operator>:?[-?+])?)/g;

/**
 * Replaces variables in the forms that Docker Compose has: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`,
 * `${NAME:+other}`, each also without the colon, when only unset and not empty counts; `$$` and `\$` are a dollar. What
 * is between braces may hold variables itself. Anything else stays as it is.
 */
export function expandVariables(text: string, lookUp: LookUp, reference: RegExp = REFERENCE): Expansion {
  const unset: string[] = [];
  let refused: string | undefined;
  let written = '';
  let at = 0;
  for (const match of text.matchAll(reference)) {
    if (match.index < at) continue;
    const { plain, braced, operator } = match.groups ?? {};
    const name = plain ?? braced;
    const inside = match.index + match[0].length;
    const close = braced === undefined ? inside : closingBrace(text, inside);
    // Without an operator nothing may stand before the brace.
    if (close < 0 || (braced !== undefined && operator === undefined && close !== inside)) continue;
    const choice =
      name === undefined ? { text: '$' } : choose(lookUp, { name, operator, operand: text.slice(inside, close) });
    const inner =
      'operand' in choice ? expandVariables(choice.operand, lookUp, reference) : { text: choice.text, unset: [] };
    written += text.slice(at, match.index) + inner.text;
    at = braced === undefined ? close : close + 1;
    unset.push(...('unset' in choice && name !== undefined ? [name] : []), ...inner.unset);
    refused ??=
      'refused' in choice && name !== undefined ? `${name}: ${inner.text || 'it is required'}` : inner.refused;
  }
  return { text: written + text.slice(at), unset, refused };
}

type Choice =
  | { readonly text: string }
  | { readonly text: string; readonly unset: true }
  | { readonly operand: string; readonly refused?: true };

function choose(
  lookUp: LookUp,
  {
    name,
    operator,
    operand,
  }: { readonly name: string; readonly operator: string | undefined; readonly operand: string },
): Choice {
  const value = lookUp(name);
  const counts = value !== undefined && !(operator?.startsWith(':') === true && value === '');
  switch (operator?.at(-1)) {
    case '-':
      return counts ? { text: value } : { operand };
    case '+':
      return counts ? { operand } : { text: '' };
    case '?':
      return counts ? { text: value } : { operand, refused: true };
    default:
      return value === undefined ? { text: '', unset: true } : { text: value };
  }
}

/** Where the brace closes that was opened before `from`; -1 when it does not. */
function closingBrace(text: string, from: number): number {
  let open = 1;
  for (let index = from; index < text.length; index++) {
    if (text.startsWith('${', index)) open++;
    else if (text[index] === '}' && --open === 0) return index;
  }
  return -1;
}
