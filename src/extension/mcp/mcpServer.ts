import { join } from 'node:path';
import * as vscode from 'vscode';

/** As the manifest names the provider. */
const providerId = 'muster';

/** Offers `muster mcp` to chat and agents of the editor. Whether it is started is the person's choice, as for every MCP server. */
export function registerMcpServer(context: vscode.ExtensionContext, stateDir: string): void {
  const trusted = new vscode.EventEmitter<void>();
  context.subscriptions.push(
    trusted,
    vscode.workspace.onDidGrantWorkspaceTrust(() => trusted.fire()),
    vscode.lm.registerMcpServerDefinitionProvider(providerId, {
      onDidChangeMcpServerDefinitions: trusted.event,
      provideMcpServerDefinitions: () => (vscode.workspace.isTrusted ? [definition(context, stateDir)] : []),
    }),
  );
}

function definition(context: vscode.ExtensionContext, stateDir: string): vscode.McpStdioServerDefinition {
  const cli = join(context.extensionPath, 'dist', 'cli.js');
  const version: unknown = context.extension.packageJSON.version;
  // The editor's own binary runs it, so that nothing has to be found on a PATH.
  const env = { ELECTRON_RUN_AS_NODE: '1', MUSTER_HOME: stateDir };
  const server = new vscode.McpStdioServerDefinition('Muster', process.execPath, [cli, 'mcp'], env, String(version));
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (folder) server.cwd = folder.uri;
  return server;
}
