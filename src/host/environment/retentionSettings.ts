import type { RetentionSettings } from '../../core/retention/garbage.js';

/** For how long things are kept, as the environment of the host says. */
export function retentionSettings(env: Readonly<Partial<Record<string, string>>>): RetentionSettings {
  return {
    runDays: numberIn(env['MUSTER_RETENTION_RUN_DAYS']),
    runGigabytes: numberIn(env['MUSTER_RETENTION_RUN_GB']),
    rescueDays: numberIn(env['MUSTER_RETENTION_RESCUE_DAYS']),
    recordDays: numberIn(env['MUSTER_RETENTION_RECORD_DAYS']),
  };
}

function numberIn(text: string | undefined): number | undefined {
  const value = Number(text);
  return text === undefined || text.trim() === '' || !Number.isFinite(value) || value < 0 ? undefined : value;
}
