import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar } from 'vscode-textmate';
import { cacheDirectory, inRepository } from '../../../src/build/paths.ts';
import { grammars } from '../../../src/extension/manifest/languageTable.js';

/** The editor's own grammars, as code-server ships them; the suites that run VS Code put it there. */
const editorExtensions = join(cacheDirectory(), 'code-server/node_modules/code-server/lib/vscode/extensions');
const editorGrammars: Readonly<Record<string, string>> = {
  'source.yaml': 'yaml/syntaxes/yaml.tmLanguage.json',
  'source.yaml.1.0': 'yaml/syntaxes/yaml-1.0.tmLanguage.json',
  'source.yaml.1.1': 'yaml/syntaxes/yaml-1.1.tmLanguage.json',
  'source.yaml.1.2': 'yaml/syntaxes/yaml-1.2.tmLanguage.json',
  'source.yaml.1.3': 'yaml/syntaxes/yaml-1.3.tmLanguage.json',
  'source.yaml.embedded': 'yaml/syntaxes/yaml-embedded.tmLanguage.json',
  'text.html.markdown': 'markdown-basics/syntaxes/markdown.tmLanguage.json',
  'source.js': 'javascript/syntaxes/JavaScript.tmLanguage.json',
};
const ours = grammars.flatMap(grammar => ('injectTo' in grammar ? [grammar] : []));

async function yamlWithInjections(): Promise<IGrammar> {
  const wasm = await readFile(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm'));
  await oniguruma.loadWASM(wasm);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: patterns => new oniguruma.OnigScanner(patterns),
      createOnigString: text => new oniguruma.OnigString(text),
    }),
    getInjections: scope => ours.filter(({ injectTo }) => injectTo.includes(scope)).map(({ scopeName }) => scopeName),
    async loadGrammar(scope) {
      const own = ours.find(({ scopeName }) => scopeName === scope);
      const theirs = editorGrammars[scope];
      const file = own ? inRepository(own.path) : theirs && join(editorExtensions, theirs);
      return file ? textmate.parseRawGrammar(await readFile(file, 'utf8'), file) : null;
    },
  });
  const grammar = await registry.loadGrammar('source.yaml');
  if (!grammar) throw new Error('there is no grammar for YAML');
  return grammar;
}

/** One line per token that is not white space: its language, its text and the innermost scope. */
function tokens(grammar: IGrammar, text: string): readonly string[] {
  let stack = textmate.INITIAL;
  return text.split('\n').flatMap(line => {
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    return result.tokens
      .map(({ startIndex, endIndex, scopes }) => ({ word: line.slice(startIndex, endIndex).trim(), scopes }))
      .filter(({ word }) => word !== '')
      .map(({ word, scopes }) => `${languageOf(scopes)} ${word} → ${scopes.at(-1)}`);
  });
}

function languageOf(scopes: readonly string[]): string {
  if (scopes.includes('source.js')) return 'js  ';
  return scopes.includes('text.html.markdown') ? 'md  ' : 'yaml';
}

const reason = existsSync(editorExtensions)
  ? ''
  : ` (needs the grammars in ${editorExtensions}: run npm run test:vscode)`;

describe.skipIf(reason !== '')(`the colours of a compose file${reason}`, () => {
  it('are those of Markdown in prompts and of JavaScript in scripts', async () => {
    const text = `agents:
  dev:
    system_prompt: |
      # Rules

      Be **careful**.
    model: sonnet # mine
    scheduler:
      script: |-
        // hourly
        scheduler.cron("0 * * * *", () => {

          return 1;
        });
      enabled: true
  reviewer:
    scheduler:
      triggers:
        - name: x
          prompt: >
            Look *around*.
        - prompt: |
            \`code\`
          cron: "@daily"
name: shop`;
    expect(tokens(await yamlWithInjections(), text)).toMatchSnapshot();
  });

  it('stay those of YAML for fields of these names elsewhere, and for what is no block', async () => {
    const text = `variables:
  prompt: |
    **bold**
script: |
  const x = 1;
agents:
  dev:
    prompt: "**quoted**"
    script: |
      const x = 1;
    env:
      system_prompt_file: |
        # no heading
jobs:
  scheduler:
    script: |
      const x = 1;`;
    const found = tokens(await yamlWithInjections(), text);
    expect(found.filter(line => !line.startsWith('yaml'))).toEqual([]);
  });

  it('end with the block, however it is indented', async () => {
    const text = `agents:
    dev:
        system_prompt: |
              * deep
                \`\`\`
                unfinished
        provider: demo
volumes:
  cache: {}`;
    const found = tokens(await yamlWithInjections(), text);
    expect(found).toContain('md   unfinished → markup.fenced_code.block.markdown');
    expect(found).toContain('yaml provider → entity.name.tag.yaml');
    expect(found).toContain('yaml volumes → entity.name.tag.yaml');
  });
});
