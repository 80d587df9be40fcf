/** What differs between two recordings of the same thing, and what stands for it. */
export interface TranscriptPlaces {
  readonly workspace: string;
  readonly home: string;
  readonly runDir: string;
  /** The folder around the other three. */
  readonly root: string;
  readonly modelUrl: string;
  /** Where the CLIs are installed. */
  readonly clis: string;
}

/**
 * A transcript that is the same on every machine and at every time: paths, ports, ids, times and durations replaced.
 * The same id always becomes the same replacement within one transcript.
 */
export function normalizeTranscript(transcript: string, places: TranscriptPlaces): string {
  const seen = new Map<string, string>();
  const numbered = (kind: string, id: string): string => {
    const known = seen.get(id);
    if (known !== undefined) return known;
    const number = String(seen.size + 1).padStart(4, '0');
    const replacement = kind === 'uuid' ? `00000000-0000-4000-8000-00000000${number}` : `${kind}_${number}`;
    seen.set(id, replacement);
    return replacement;
  };
  return transcript
    .split('\n')
    .map(withoutInventory)
    .join('\n')
    .replaceAll(places.workspace, '/workspace')
    .replaceAll(places.runDir, '/run-directory')
    .replaceAll(places.home, '/home/user')
    .replaceAll(places.root, '/recording')
    .replaceAll(places.clis, '/clis')
    .replaceAll(places.modelUrl, 'http://127.0.0.1:1')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, id => numbered('uuid', id))
    .replace(/\b(ses|msg|prt|err)_(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{8,}\b/g, (id, kind: string) => numbered(kind, id))
    .replace(/\b[a-z_]+__([a-z_]+)_\d{13}_\d+\b/g, (id, tool: string) => numbered(tool, id))
    .replace(/\d{4}-\d\d-\d\dT\d\d[:-]\d\d[:-]\d\d[.-]\d{3,6}Z/g, '2026-01-01T00:00:00.000Z')
    .replace(/"date":"[^"]*GMT"/g, '"date":"Thu, 01 Jan 2026 00:00:00 GMT"')
    .replace(/"(timestamp|start|end)":\d{13}/g, '"$1":1767225600000')
    .replace(/"([a-z_]*duration[a-z_]*|[a-z_]*_ms|retry_delay_ms)":\d+/g, '"$1":0')
    .replace(/"snapshot":"[0-9a-f]{40}"/g, '"snapshot":"0000000000000000000000000000000000000000"');
}

/** The first line of Claude Code without the list of what is installed. */
function withoutInventory(line: string): string {
  if (!line.startsWith('{"type":"system","subtype":"init"')) return line;
  const all = JSON.parse(line) as Record<string, unknown>;
  const kept = ['type', 'subtype', 'cwd', 'session_id', 'model', 'permissionMode', 'claude_code_version', 'uuid'];
  return JSON.stringify(Object.fromEntries(kept.map(key => [key, all[key]])));
}
