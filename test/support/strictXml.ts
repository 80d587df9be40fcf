/** An element as `[name, attributes, children]`; text between elements is left out where there are elements. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Reads the XML that programs write: a declaration, elements, text. Anything that is not well-formed, and anything else, throws. */
export function parseXml(source: string): XmlElement {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = at;
    const found = sticky.exec(source);
    if (found) at = sticky.lastIndex;
    return found ?? undefined;
  };
  const must = (pattern: RegExp): RegExpExecArray => {
    const found = take(pattern);
    if (!found) throw new Error(`No ${pattern} at ${JSON.stringify(source.slice(at, at + 40))}`);
    return found;
  };
  const unescaped = (text: string): string =>
    text.replaceAll(/&([^;]*;?)/g, (_, name: string) => {
      const known = entities[name.slice(0, -1)];
      if (known === undefined || !name.endsWith(';')) throw new Error(`No entity &${name}`);
      return known;
    });
  const element = (): XmlElement => {
    const [, name = ''] = must(/<([A-Za-z][\w.-]*)/);
    const attributes: Record<string, string> = {};
    for (let found = take(/\s+([\w:.-]+)="([^"<]*)"/); found; found = take(/\s+([\w:.-]+)="([^"<]*)"/)) {
      const [, key = '', value = ''] = found;
      if (Object.hasOwn(attributes, key)) throw new Error(`${key} twice`);
      attributes[key] = unescaped(value);
    }
    if (take(/\s*\/>/)) return { name, attributes, children: [], text: '' };
    must(/\s*>/);
    const children: XmlElement[] = [];
    let text = '';
    while (!source.startsWith('</', at)) {
      const [words = ''] = must(/[^<]*/);
      text += unescaped(words);
      if (source.startsWith('<', at) && !source.startsWith('</', at)) children.push(element());
      else if (at >= source.length) throw new Error(`${name} is not closed`);
    }
    const [, closed] = must(/<\/([\w.-]+)\s*>/);
    if (closed !== name) throw new Error(`${name} is closed by ${closed}`);
    if (children.length > 0 && text.trim() !== '') throw new Error(`${name} has text between its elements`);
    return { name, attributes, children, text };
  };
  must(/<\?xml version="1\.0" encoding="UTF-(?:8|16)"\?>\s*/);
  take(/<!DOCTYPE [^>[]*>\s*/);
  const root = element();
  must(/\s*$/);
  return root;
}

/** What a property list says, as JavaScript has it. */
export function parsePlist(source: string): unknown {
  const root = parseXml(source);
  if (root.name !== 'plist' || root.attributes['version'] !== '1.0') throw new Error('It is no property list');
  const [only, ...more] = root.children;
  if (!only || more.length > 0) throw new Error('A property list has one value');
  return plistValue(only);
}

function plistValue({ name, children, text }: XmlElement): unknown {
  switch (name) {
    case 'string':
      return text;
    case 'integer':
      if (!/^-?\d+$/.test(text)) throw new Error(`${text} is no integer`);
      return Number(text);
    case 'true':
    case 'false':
      return name === 'true';
    case 'array':
      return children.map(plistValue);
    case 'dict': {
      const entries: [string, unknown][] = [];
      for (let n = 0; n < children.length; n += 2) {
        const [key, value] = [children[n], children[n + 1]];
        if (key?.name !== 'key' || !value) throw new Error('Keys and values take turns');
        entries.push([key.text, plistValue(value)]);
      }
      return Object.fromEntries(entries);
    }
    default:
      throw new Error(`A property list has no ${name}`);
  }
}
