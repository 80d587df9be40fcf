/** As much of `vscode` as code that only forms texts and rows asks for; unit tests of the extension resolve to it. */

export const l10n = {
  t(text: string, ...args: readonly (string | number)[]): string {
    return text.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)] ?? ''));
  },
};

export class ThemeColor {
  readonly id: string;
  constructor(id: string) {
    this.id = id;
  }
}

export class ThemeIcon {
  readonly id: string;
  readonly color: ThemeColor | undefined;
  constructor(id: string, color?: ThemeColor) {
    this.id = id;
    this.color = color;
  }
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };

export class TreeItem {
  readonly label: string;
  readonly collapsibleState: number;
  constructor(label: string, collapsibleState = 0) {
    this.label = label;
    this.collapsibleState = collapsibleState;
  }
}

export class MarkdownString {
  value = '';
  isTrusted: unknown;
  appendText(text: string): this {
    const escaped = text.replace(/[\\`*_{}[\]()#+\-!~<>|]/g, '\\$&');
    this.value += escaped.replace(/[ \t]/g, '&nbsp;');
    return this;
  }
  appendCodeblock(text: string, language = ''): this {
    const fence = '`'.repeat(Math.max(3, ...(text.match(/`+/g) ?? []).map(({ length }) => length + 1)));
    this.value += `\n${fence}${language}\n${text}\n${fence}\n`;
    return this;
  }
  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }
}

export const QuickPickItemKind = { Separator: -1, Default: 0 };
