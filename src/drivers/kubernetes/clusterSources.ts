import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { AppError, errorMessage } from '../../base/errors.js';
import { findKubeconfig } from './kubeconfig.js';

/** Which cluster is meant. */
export interface ClusterSources {
  readonly context: string | undefined;
  readonly namespace: string | undefined;
  /** Of the person's login. */
  readonly environment: Readonly<Record<string, string>>;
}

export function unavailable(message: string, reason: string, cause?: unknown): AppError<'sandbox.unavailable'> {
  return new AppError('sandbox.unavailable', message, { driver: 'kubernetes', reason }, { cause });
}

/** The credentials of a cluster. Errors: `sandbox.unavailable` when there are none, or no such context. */
export function findConfig({ context, environment }: Omit<ClusterSources, 'namespace'>): KubeConfig {
  const config = foundConfig(environment);
  if (context === undefined) return config;
  const known = config.getContexts().map(({ name }) => name);
  if (!known.includes(context))
    throw unavailable(`Your kubeconfig has no context ${context}. It has ${known.join(', ') || 'none'}.`, 'no context');
  config.setCurrentContext(context);
  return config;
}

function foundConfig(environment: Readonly<Record<string, string>>): KubeConfig {
  try {
    return findKubeconfig(environment);
  } catch (error) {
    const reason = errorMessage(error);
    throw unavailable(`No credentials of a cluster were found: ${reason}.`, reason, error);
  }
}
