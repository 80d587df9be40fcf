import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withoutNpm } from '../../../src/build/provision/npmEnvironment.mjs';
import { tempDirectory } from '../../support/tempDirectory.ts';

/** What npm 11 gives to the script of `npm start`, run by the system's Node 20. */
const ofOuterNpm = {
  INIT_CWD: '/home/ada/muster',
  NODE: '/usr/bin/node',
  npm_command: 'start',
  npm_config_global_prefix: '/usr',
  npm_config_local_prefix: '/home/ada/muster',
  npm_config_node_gyp: '/usr/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js',
  npm_config_npm_version: '11.19.1',
  npm_config_prefix: '/usr',
  npm_config_user_agent: 'npm/11.19.1 node/v20.20.2 linux x64 workspaces/false',
  npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js',
  npm_lifecycle_event: 'start',
  npm_node_execpath: '/usr/bin/node',
  npm_package_engines_node: '>=20',
};

/** What a person set to reach a registry, some of it in no file. */
const ofPerson = {
  'HOME': '/home/ada',
  'npm_config_//registry.example/:_authToken': 'token',
  'npm_config_@shop:registry': 'https://registry.example/shop/',
  'npm_config_cache': '/var/cache/npm',
  'npm_config_registry': 'https://registry.example/',
  'npm_config_userconfig': '/home/ada/.npmrc',
  'NPM_CONFIG_STRICT_SSL': 'false',
};

test('what an outer npm put into the environment goes, how a person reaches a registry stays', () => {
  expect(withoutNpm({ ...ofOuterNpm, ...ofPerson })).toEqual(ofPerson);
});

test('a script of npm under another Node than the outer npm is told of its own', () => {
  const folder = tempDirectory();
  const scripts = { agent: 'node --print process.env.npm_config_user_agent' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts }));
  const agent = execFileSync('npm', ['run', '--silent', 'agent'], {
    cwd: folder,
    encoding: 'utf8',
    env: withoutNpm({ ...process.env, ...ofOuterNpm }),
  });
  expect(agent).toContain(`node/${process.version} `);
});
