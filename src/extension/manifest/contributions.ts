import { chatToolTable, type ChatToolEntry } from './chatToolTable.js';
import { composeFileNames, grammars, languages } from './languageTable.js';
import {
  commandContributions,
  keybindingContributions,
  menuContributions,
  submenuContributions,
} from './commandContributions.js';
import { settingTable, type SettingEntry } from './settingTable.js';
import { ManifestTexts } from './texts.js';
import { container, viewTable, welcomeTable } from './viewTable.js';
import { stepKey, walkthrough, walkthroughSteps } from './walkthroughTable.js';

/** The generated parts of `package.json` and the whole of `package.nls.json`. */
export interface GeneratedManifest {
  readonly icon: string;
  readonly l10n: string;
  readonly categories: readonly string[];
  readonly extensionKind: readonly string[];
  readonly contributes: Readonly<Record<string, unknown>>;
  readonly activationEvents: readonly string[];
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly texts: Readonly<Record<string, string>>;
}

/** JSON Schema of compose files; `npm run generate` makes it. */
const composeSchema = './media/agent-compose.schema.json';

/** Builds everything that VS Code reads about the extension from the tables beside this file. */
export function generateContributions(): GeneratedManifest {
  const texts = new ManifestTexts();
  const contributes = {
    commands: commandContributions(texts),
    submenus: submenuContributions(texts),
    menus: menuContributions(),
    keybindings: keybindingContributions(),
    viewsContainers: {
      activitybar: [{ id: container.id, title: texts.add('container.title', container.title), icon: container.icon }],
    },
    views: { [container.id]: viewContributions(texts) },
    viewsWelcome: welcomeTable.map(({ key, view, when, contents }) => ({
      view,
      contents: texts.add(`welcome.${key}`, contents),
      when,
    })),
    configuration: {
      title: 'Muster',
      properties: Object.fromEntries(
        Object.entries<SettingEntry>(settingTable).map(([id, entry]) => [id, settingContribution(texts, id, entry)]),
      ),
    },
    walkthroughs: [walkthroughContribution(texts)],
    languages,
    grammars,
    configurationDefaults: {
      '[muster-task]': { 'editor.wordWrap': 'on', 'editor.lineNumbers': 'off', 'editor.minimap.enabled': false },
      '[muster-log]': { 'editor.wordWrap': 'on', 'editor.minimap.enabled': false },
    },
    resourceLabelFormatters: [
      {
        scheme: 'muster-review',
        formatting: { label: '${path} (${query.thread})', separator: '/', stripPathStartingSeparator: true },
      },
    ],
    languageModelTools: Object.entries<ChatToolEntry>(chatToolTable).map(([name, tool]) =>
      chatToolContribution(texts, name, tool),
    ),
    mcpServerDefinitionProviders: [{ id: 'muster', label: 'Muster' }],
    yamlValidation: [{ fileMatch: composeFileNames, url: composeSchema }],
  };
  return {
    icon: 'media/icon.png',
    l10n: './l10n',
    categories: ['AI', 'SCM Providers', 'Other'],
    extensionKind: ['workspace'],
    contributes,
    activationEvents: [
      `workspaceContains:**/agent-compose.{yml,yaml}`,
      'onFileSystem:muster-review',
      'onFileSystem:muster-guest',
      'onWebviewPanel:muster.threadPage',
      'onWebviewPanel:muster.board',
      // A notebook that was open when the window was reloaded finds its kernel again.
      'onNotebook:jupyter-notebook',
    ],
    capabilities: {
      untrustedWorkspaces: {
        supported: 'limited',
        description: texts.add(
          'capabilities.untrusted',
          'Muster runs agents, the commands that a compose file names, and git. In a folder that you do not trust it only shows what already exists.',
        ),
      },
      virtualWorkspaces: {
        supported: false,
        description: texts.add('capabilities.virtual', 'Agents work on files on a disk, in git worktrees.'),
      },
    },
    texts: texts.toObject(),
  };
}

function chatToolContribution(
  texts: ManifestTexts,
  name: string,
  tool: ChatToolEntry,
): Readonly<Record<string, unknown>> {
  return {
    name,
    toolReferenceName: tool.reference,
    displayName: texts.add(`chat.${name}.title`, tool.title),
    userDescription: texts.add(`chat.${name}.description`, tool.description),
    modelDescription: tool.modelDescription,
    icon: tool.icon,
    canBeReferencedInPrompt: true,
    tags: ['muster'],
    inputSchema: tool.inputSchema,
  };
}

function viewContributions(texts: ManifestTexts): readonly unknown[] {
  return Object.entries(viewTable).map(([id, view]) => ({
    id,
    name: texts.add(`view.${id.replace('muster.', '')}`, view.name),
    icon: view.icon,
    initialSize: view.size,
    ...('visibility' in view ? { visibility: view.visibility } : {}),
    ...('when' in view ? { when: view.when } : {}),
  }));
}

function settingContribution(texts: ManifestTexts, id: string, entry: SettingEntry): Readonly<Record<string, unknown>> {
  const key = `setting.${id.replace('muster.', '')}`;
  const common = {
    default: entry.default,
    scope: entry.scope,
    markdownDescription: texts.add(`${key}.description`, entry.description),
  };
  switch (entry.type) {
    case 'enum':
      return {
        type: 'string',
        enum: Object.keys(entry.values),
        markdownEnumDescriptions: Object.entries(entry.values).map(([value, text]) =>
          texts.add(`${key}.${value}`, text),
        ),
        ...common,
      };
    case 'number':
      return { type: 'number', minimum: entry.minimum, ...common };
    case 'boolean':
      return { type: 'boolean', ...common };
    case 'string':
      return { type: 'string', ...(entry.pattern === undefined ? {} : { pattern: entry.pattern }), ...common };
  }
}

function walkthroughContribution(texts: ManifestTexts): Readonly<Record<string, unknown>> {
  return {
    id: walkthrough.id,
    title: texts.add('walkthrough.title', walkthrough.title),
    description: texts.add('walkthrough.description', walkthrough.description),
    steps: walkthroughSteps.map(step => ({
      id: step.id,
      title: texts.add(`walkthrough.${step.id}.title`, step.title),
      description: texts.add(`walkthrough.${step.id}.description`, step.description),
      media: { markdown: `media/walkthrough/${step.media}` },
      completionEvents: [`onContext:${stepKey(step.id)}`],
    })),
  };
}
