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
    const found = match.index < at ? undefined : readReference(text, match);
    if (found === undefined) continue;
    const value = expandReference(found, lookUp, reference);
    written += text.slice(at, match.index) + value.text;
    at = found.end;
    unset.push(...value.unset);
    refused ??= value.refused;
  }
  return { text: written + text.slice(at), unset, refused };
}

interface Reference {
  /** Missing for what stands for a dollar. */
  readonly name: string | undefined;
  readonly operator: string | undefined;
  readonly operand: string;
  readonly end: number;
}

/** Undefined for braces that do not close, or that have something else before they do. */
function readReference(text: string, match: RegExpExecArray): Reference | undefined {
  const { plain, braced, operator } = match.groups ?? {};
  const inside = match.index + match[0].length;
  if (braced === undefined) return { name: plain, operator, operand: '', end: inside };
  const close = closingBrace(text, inside);
  // Without an operator nothing may stand before the brace.
  if (close < 0 || (operator === undefined && close !== inside)) return undefined;
  return { name: braced, operator, operand: text.slice(inside, close), end: close + 1 };
}

function expandReference({ name, operator, operand }: Reference, lookUp: LookUp, reference: RegExp): Expansion {
  if (name === undefined) return { text: '$', unset: [] };
  const choice = choose(lookUp, { name, operator, operand });
  if (!('operand' in choice)) return { text: choice.text, unset: 'unset' in choice ? [name] : [] };
  const inner = expandVariables(choice.operand, lookUp, reference);
  return 'refused' in choice ? { ...inner, refused: `${name}: ${inner.text || 'it is required'}` } : inner;
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
