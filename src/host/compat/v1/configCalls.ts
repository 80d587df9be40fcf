import type { ServiceImpl } from '@connectrpc/connect';
import { ConfigService } from '../../../protocol/gen/agentcompose/v1/config_pb.js';
import { partly } from '../answers.js';
import type { OurCalls } from '../ours.js';
import { presetsInstead, presetsOf } from '../v2/workspacePresets.js';
import { replaceVariables, variablesOf } from '../v2/settingsCalls.js';
import { textOf } from './shapes.js';

/** `agentcompose.v1.ConfigService`: variables that every run has. */
export function configCalls(ours: OurCalls): Partial<ServiceImpl<typeof ConfigService>> {
  const shown = async () => ({
    envItems: (await variablesOf(ours)).map(({ name, value, secret }) => ({ name, value, secret })),
  });
  return partly(
    ConfigService,
    {
      getGlobalEnvConfig: shown,
      // None is ever there, which is an answer.
      getCapabilityGatewayConfig: () => ({ addr: '', tokenSet: false }),

      async listWorkspaceConfigs() {
        const workspaces = (await presetsOf(ours)).map(({ appliedAt, ...preset }) => ({
          ...preset,
          createdAt: textOf(appliedAt),
          updatedAt: textOf(appliedAt),
        }));
        return { workspaces };
      },

      async updateGlobalEnvConfig({ envItems }) {
        // Its clients send back what they were shown: of a secret nothing.
        const wanted = envItems.map(({ name, value, secret }) => ({
          ...{ name, secret },
          value: secret && value === '' ? undefined : value,
        }));
        await replaceVariables(ours, wanted);
        return await shown();
      },
    },
    `${presetsInstead} MCP servers are in such a file too.`,
  );
}
