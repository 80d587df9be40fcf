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
] as const;

/** Names of compose files, as globs of one segment. */
export const composeFileNames = ['agent-compose.yml', 'agent-compose.yaml'] as const;
