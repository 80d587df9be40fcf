import * as vscode from 'vscode';
import type { projectCommands } from '../manifest/projectCommands.js';
import { isWrittenAgent, startWritten } from '../dispatch/startWritten.js';
import { runAgent } from '../dispatch/runAgent.js';
import { fireApplied, fireWritten, isTriggerReference, isWrittenTrigger, switchTrigger } from '../dispatch/triggers.js';
import { applyComposeFile, previewComposeFile } from '../projects/applyComposeFile.js';
import { createComposeFile } from '../projects/createComposeFile.js';
import { findComposeFile } from '../projects/findComposeFile.js';
import type { Services } from '../services.js';
import { projectTitle } from '../threads/threadTitles.js';
import { isProjectsNode } from '../views/projectsNode.js';
import { explainAgent } from './explainAgent.js';
import type { CommandHandlers } from './commandHandler.js';
import type { Views } from '../views/views.js';
import { askModally, whileWaiting } from '../plain/messages.js';
import { pickRow } from '../plain/picks.js';

/** Commands on compose files. Creating and opening one needs no host; applying and removing start it. */
export function projectHandlers(services: Services, views: Views): CommandHandlers<keyof typeof projectCommands> {
  return {
    'muster.createComposeFile': target =>
      // Where the Projects view is shown it offers the same, and no longer than that helps.
      createComposeFile({ offers: !views.projects.visible, target }),
    'muster.openComposeFile': async target => {
      const file = await findComposeFile(services, target);
      if (file) await vscode.window.showTextDocument(file);
    },
    'muster.applyProject': async target => {
      const file = await findComposeFile(services, target);
      if (file) await applyComposeFile(services, file);
    },
    'muster.previewApply': async target => {
      const file = await findComposeFile(services, target);
      if (file) await previewComposeFile(services, file);
    },
    'muster.runAgent': async target => {
      if (isProjectsNode(target) && target.kind === 'agent') await runAgent(services, target);
    },
    'muster.startWritten': async target => {
      if (isWrittenAgent(target)) await startWritten(services, target);
    },
    'muster.fireTrigger': async target => {
      if (isTriggerReference(target) && (await fireApplied(services, target))) return;
      if (isWrittenTrigger(target)) await fireWritten(services, target);
    },
    'muster.enableTrigger': async target => {
      if (isTriggerReference(target)) await switchTrigger(services, target, { enabled: true });
    },
    'muster.disableTrigger': async target => {
      if (isTriggerReference(target)) await switchTrigger(services, target, { enabled: false });
    },
    'muster.showFires': async target => {
      if (isTriggerReference(target)) await (await schedulePicks()).showFires(services, target);
    },
    'muster.previewSchedule': async target => {
      const isOfProject = isTriggerReference(target) || (isProjectsNode(target) && target.kind === 'project');
      if (isOfProject) await (await schedulePicks()).previewSchedule(services, target);
    },
    'muster.showEvents': async () => (await schedulePicks()).showEvents(services),
    'muster.removeProject': target => removeProject(services, target),
    'muster.explainAgentProblem': async target => {
      if (isProjectsNode(target) && target.kind === 'agent') await explainAgent(services, target);
    },
    'muster.refresh': () => {
      services.host.start();
      views.projects.refresh();
    },
  };
}

/** Read from disk when it is wanted: few windows ever ask for it. */
const schedulePicks = () => import('../dispatch/schedulePicks.js');

async function removeProject(services: Services, target: unknown): Promise<void> {
  const projects = services.scope.projects();
  const project =
    isProjectsNode(target) && target.kind !== 'file'
      ? services.host.projects.get(target.projectId)
      : (
          await pickRow(
            projects.map(each => ({ label: each.name, description: each.folder, project: each })),
            { placeHolder: vscode.l10n.t('Which project should be removed?') },
          )
        )?.project;
  if (!project) return;
  const remove = vscode.l10n.t('Remove Project');
  const detail = vscode.l10n.t(
    'Its agents take no more tasks. Threads, worktrees and the compose file stay; applying the file again brings the project back.',
  );
  const text = vscode.l10n.t('Remove the project "{0}"?', projectTitle(project));
  if ((await askModally({ text, detail }, remove)) !== remove) return;
  await whileWaiting(vscode.l10n.t('Removing the project'), async signal =>
    (await services.host.client(signal)).projects.removeProject({ project: project.id }, { signal }),
  );
}
