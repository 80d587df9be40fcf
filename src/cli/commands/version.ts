import { productVersion } from '../../protocol/productVersion.js';
import { protocolVersion } from '../../protocol/version.js';
import { defineCommand } from '../command.js';

export const version = defineCommand({
  name: 'version',
  summary: 'print the version',
  run({ out, json }) {
    if (json) {
      const { platform: os, arch } = process;
      out.json({ version: productVersion, protocol: protocolVersion, node_version: process.version, os, arch });
    } else out.line(`muster ${productVersion}`);
    return Promise.resolve(0);
  },
});
