import { productVersion } from '../../protocol/productVersion.js';
import { startedDrivers } from '../../base/startedDrivers.js';
import { protocolVersion } from '../../protocol/version.js';
import { defineCommand } from '../command.js';

export const version = defineCommand({
  name: 'version',
  summary: 'print the version',
  run({ out, json, compat }) {
    const { platform: os, arch } = process;
    const theirs = { version: productVersion, os, arch, compiled_drivers: startedDrivers };
    if (json && compat === 'seed') out.json({ version: productVersion });
    else if (json && compat === 'head') out.json(theirs);
    else if (json) out.json({ ...theirs, protocol: protocolVersion, node_version: process.version });
    else out.line(compat === undefined ? `muster ${productVersion}` : productVersion);
    return Promise.resolve(0);
  },
});
