/** Languages, their grammars and the files they apply to. Paths are relative to the manifest. */
export const languages = [
  { id: 'muster-task', aliases: ['Muster Task'], configuration: './syntaxes/musterTask.language.json' },
  {
    id: 'muster-log',
    aliases: ['Muster Log'],
    extensions: ['.muster-log'],
    configuration: './syntaxes/musterLog.language.json',
  },
] as const;

export const grammars = [
  { language: 'muster-task', scopeName: 'text.muster-task', path: './syntaxes/musterTask.tmLanguage.json' },
  { language: 'muster-log', scopeName: 'text.muster-log', path: './syntaxes/musterLog.tmLanguage.json' },
  // Three, because only what an outer one has scoped tells the inner ones where they are: agents, scheduler, script.
  composeGrammar({ scopeName: 'source.yaml.muster-compose', file: 'musterCompose' }),
  composeGrammar({
    scopeName: 'source.yaml.muster-compose.agent',
    file: 'musterComposeAgent',
    embeddedLanguages: { 'meta.embedded.block.markdown.muster-compose': 'markdown' },
  }),
  composeGrammar({
    scopeName: 'source.yaml.muster-compose.script',
    file: 'musterComposeScript',
    embeddedLanguages: { 'meta.embedded.block.javascript.muster-compose': 'javascript' },
  }),
] as const;

/** A grammar that adds to the editor's own one of YAML: prompts are Markdown, a scheduler's script is JavaScript. */
function composeGrammar({
  scopeName,
  file,
  embeddedLanguages,
}: {
  readonly scopeName: string;
  readonly file: string;
  readonly embeddedLanguages?: Readonly<Record<string, string>>;
}) {
  const path = `./syntaxes/${file}.tmLanguage.json`;
  return { scopeName, path, injectTo: ['source.yaml'], ...(embeddedLanguages && { embeddedLanguages }) };
}

/** Names of compose files, as globs of one segment. */
export const composeFileNames = ['agent-compose.yml', 'agent-compose.yaml'] as const;
