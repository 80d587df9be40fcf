/** What `${{ … }}` in the prompt of a trigger may name. */
export interface PromptFacts {
  readonly trigger: {
    readonly agent: string;
    readonly name: string;
    readonly kind: string;
    readonly source: string;
    readonly dueAt: number;
    readonly firedAt: number;
    readonly missed: number;
    /** This is the run of the trigger with this number. */
    readonly count: number;
  };
  readonly event?: PromptEvent | undefined;
}

export interface PromptEvent {
  readonly id: string;
  readonly topic: string;
  readonly sequence: number;
  readonly createdAt: number;
  readonly correlationId: string;
  readonly payload: unknown;
}

const expression = /\$\{\{\s*([A-Za-z_][\w.[\]-]*)\s*\}\}/g;
/** A longer value is cut: an event may carry megabytes, and no model takes them. */
const longestValue = 64 * 1024;

/**
 * Fills `${{ trigger.* }}` and `${{ event.* }}`. What is not there becomes nothing, what is no text becomes JSON, and what was
 * filled in is not looked at again. An expression that names neither stays as it stands. The result is a prompt and nothing
 * else: it reaches an agent as a file, and no shell.
 */
export function fillPrompt(prompt: string, facts: PromptFacts): string {
  if (!prompt.includes('${{')) return prompt;
  const root = scopeOf(facts);
  return prompt.replace(expression, (whole, path: string) => {
    const [head = ''] = path.split('.');
    return head === 'trigger' || head === 'event' ? shown(valueAt(root, path)) : whole;
  });
}

function scopeOf({ trigger, event }: PromptFacts): unknown {
  return {
    trigger: {
      agent: trigger.agent,
      name: trigger.name,
      kind: trigger.kind,
      source: trigger.source,
      due_at: new Date(trigger.dueAt).toISOString(),
      fired_at: new Date(trigger.firedAt).toISOString(),
      missed: trigger.missed,
      count: trigger.count,
    },
    ...(event && {
      event: {
        id: event.id,
        topic: event.topic,
        sequence: event.sequence,
        created_at: new Date(event.createdAt).toISOString(),
        correlation_id: event.correlationId,
        payload: event.payload,
      },
    }),
  };
}

/** The value at a dotted path; items of lists by their number, `commits.0.id` or `commits[0].id`. */
export function valueAt(root: unknown, path: string): unknown {
  let value = root;
  for (const step of path.replace(/\[(\d+)\]/g, '.$1').split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    const own: unknown = Reflect.get(value, step);
    value = own;
  }
  return value;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value, undefined, 2);
  return text.length > longestValue ? `${text.slice(0, longestValue)} …` : text;
}
