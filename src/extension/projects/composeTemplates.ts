import * as vscode from 'vscode';

export interface ComposeTemplate {
  readonly label: string;
  readonly description: string;
  /** `%NAME%` stands for the project's name. */
  readonly yaml: string;
}

/** What a first compose file can be made of. */
export function composeTemplates(): readonly ComposeTemplate[] {
  return [
    {
      label: vscode.l10n.t('Demo'),
      description: vscode.l10n.t('needs no account; shows the whole way in a minute'),
      yaml: agents({ guide: 'demo' }),
    },
    { label: 'Claude Code', description: 'claude', yaml: agents({ dev: 'claude' }) },
    { label: 'Codex', description: 'codex', yaml: agents({ dev: 'codex' }) },
    { label: 'Gemini CLI', description: 'gemini', yaml: agents({ dev: 'gemini' }) },
    { label: 'OpenCode', description: 'opencode', yaml: agents({ dev: 'opencode' }) },
    {
      label: vscode.l10n.t('Two agents'),
      description: vscode.l10n.t('claude writes, codex reviews'),
      yaml: writerAndReviewer,
    },
  ];
}

/** The one hands its work to the other, who sees it where it is. */
const writerAndReviewer = `name: %NAME%
agents:
  dev:
    provider: claude
    handoff:
      on_response: reviewer
  reviewer:
    provider: codex
    workspace: { provider: thread, access: read }
`;

function agents(crew: Readonly<Record<string, string>>): string {
  const lines = Object.entries(crew).map(([name, provider]) => `  ${name}:\n    provider: ${provider}\n`);
  return `name: %NAME%\nagents:\n${lines.join('')}`;
}

/** Fills in a name that every compose file accepts: lower case letters, digits and dashes. */
export function fillTemplate(yaml: string, folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return yaml.replace('%NAME%', name === '' ? 'my-crew' : name);
}
