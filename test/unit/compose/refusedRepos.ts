import { agent } from './readCompose.js';
import type { RefusedCase } from './refusedCase.js';

/** Repositories of a workspace besides the project's. */
export const refusedRepos: readonly RefusedCase[] = [
  {
    name: 'a repository by an absolute path',
    text: agent('workspace: {repos: [{path: /srv/web}]}'),
    expected: ['agents.reviewer.workspace.repos[0].path: path "/srv/web" must be relative to the compose file'],
    beyondSchema: true,
  },
  {
    name: 'a repository without a path',
    text: agent('workspace: {repos: [{as: web}]}'),
    expected: ['agents.reviewer.workspace.repos[0].path: path is required'],
  },
  {
    name: 'the same repository twice',
    text: agent('workspace: {repos: [{path: ../web}, {path: ../x/../web/, as: other}]}'),
    expected: ['agents.reviewer.workspace.repos[1].path: the repository "../web" is there twice'],
    beyondSchema: true,
  },
  {
    name: 'two repositories with one name',
    text: agent('workspace: {repos: [{path: ../a/my-web}, {path: ../b/my_web}]}'),
    expected: ['agents.reviewer.workspace.repos[1]: two repositories are called "my_web"'],
    beyondSchema: true,
  },
  {
    name: 'a repository whose folder is no name',
    text: agent('workspace: {repos: [{path: ../Web.App}]}'),
    expected: ['agents.reviewer.workspace.repos[0].path: "web.app" is no name for a repository; give it one with `as`'],
    beyondSchema: true,
  },
  {
    name: 'repositories of a checkout that is shared',
    text: agent('workspace: {provider: shared, repos: [{path: ../web}]}'),
    expected: ['agents.reviewer.workspace.repos: repos is not supported by a shared workspace'],
    beyondSchema: true,
  },
];
