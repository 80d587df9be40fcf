import * as vscode from 'vscode';
import type { Change } from '../../protocol/gen/muster/v1/projects_pb.js';

/** `agent dev (model, env), new agent reviewer`: what an apply changes, in words; empty when nothing. */
export function describeChanges(changes: readonly Change[]): string {
  const hasParts = changes.some(({ resourceType, action }) => resourceType !== 'project' && action !== 'unchanged');
  return (hasParts ? changes.filter(change => !isBareProject(change)) : changes)
    .map(describeChange)
    .filter(text => text !== '')
    .join(', ');
}

/** A project counts as updated with whatever changes in it; beside that it says nothing. */
function isBareProject({ resourceType, action, message }: Change): boolean {
  return resourceType === 'project' && action === 'updated' && message === '';
}

function describeChange({ action, resourceType, name, message }: Change): string {
  const what = resourceText(resourceType, name);
  switch (action) {
    case 'created':
      return vscode.l10n.t('new {0}', what);
    case 'removed':
      return vscode.l10n.t('{0} removed', what);
    case 'updated':
      return message === '' ? what : vscode.l10n.t('{0} ({1})', what, message);
    default:
      return '';
  }
}

function resourceText(resource: string, name: string): string {
  switch (resource) {
    case 'project':
      return vscode.l10n.t('project {0}', name);
    case 'scheduler':
      return vscode.l10n.t('scheduler of {0}', name);
    default:
      return vscode.l10n.t('agent {0}', name);
  }
}
