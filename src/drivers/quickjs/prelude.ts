import { schemas } from './schemas.js';

/**
 * What a script finds around it, written in the script's own language. It gets two functions of the worker, keeps them to
 * itself, and answers with what the worker calls afterwards. A script may change every built-in object and harms itself alone:
 * nothing here is trusted by the host.
 */
export const prelude = String.raw`(function (host, digest, isReading) {
  'use strict';
  const registered = new Map();
  let count = 0;

  function call(name, ...args) {
    if (isReading) throw new Error('scheduler.' + name + ' is unavailable during validation');
    const answer = JSON.parse(host(name, JSON.stringify(args)));
    if ('error' in answer) throw new Error(answer.error);
    return answer.value;
  }

  function register(kind, id, fields, callback) {
    const index = count++;
    const name = id === undefined || id === ''
      ? 'auto-' + digest(JSON.stringify([kind, fields, String(callback), index])).slice(0, 12)
      : String(id);
    if (registered.has(name)) throw new Error('duplicate scheduler trigger id ' + JSON.stringify(name));
    registered.set(name, { ...fields, kind, id: name, callback });
    return name;
  }

  const one = (args, type) => args.find(value => typeof value === type);

  function callbackOf(args, label) {
    const callback = one(args, 'function');
    if (callback === undefined) throw new TypeError(label + ' requires a callback');
    return callback;
  }

  const timer = (kind, label) => (...args) => {
    const callback = callbackOf(args, label);
    const ms = one(args, 'number');
    if (!(ms > 0) || !Number.isFinite(ms)) throw new RangeError(label + ' requires a positive interval');
    return register(kind, one(args, 'string'), { ms }, callback);
  };

  function cron(...args) {
    const callback = callbackOf(args, 'scheduler.cron');
    const at = args.indexOf(callback);
    const before = args.slice(0, at);
    const expression = before.pop();
    if (typeof expression !== 'string' || expression.trim() === '') throw new TypeError('scheduler.cron requires an expression');
    const last = args[at + 1];
    const options = typeof last === 'object' && last !== null ? last : {};
    const id = before[0] ?? (typeof last === 'string' ? last : options.id);
    const timezone = options.timezone ?? options.tz;
    return register('cron', id, { cron: expression, ...(timezone === undefined ? {} : { timezone: String(timezone) }) }, callback);
  }

  function on(topic, ...rest) {
    const callback = callbackOf(rest, 'scheduler.on');
    if (typeof topic !== 'string' || topic.trim() === '') throw new TypeError('scheduler.on requires a topic');
    return register('event', one(rest, 'string'), { topic }, callback);
  }

  const clear = id => void registered.delete(String(id));

  function kept(value) {
    return JSON.stringify(value, (_, each) =>
      typeof each === 'number' && !Number.isFinite(each) ? String(each) : typeof each === 'bigint' ? each.toString() : each);
  }

  const state = {
    get: key => (isReading ? undefined : (call('state.get', String(key)) ?? undefined)),
    set: (key, value) => {
      if (isReading) return;
      if (value === undefined) call('state.delete', String(key));
      else call('state.set', String(key), JSON.parse(kept(value)));
    },
    delete: key => (isReading ? undefined : void call('state.delete', String(key))),
  };

  function log(message, payload) {
    if (typeof message !== 'string' || message === '') throw new TypeError('scheduler.log requires a message');
    if (!isReading) call('log', message, ...(payload === undefined ? [] : [JSON.parse(kept(payload) ?? 'null')]));
  }

  function publish(topic, payload = {}) {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
      throw new TypeError('scheduler.event.publish requires an object');
    return call('event.publish', topic, JSON.parse(kept(payload)));
  }

  /** The schema of an answer: as JSON schema for the model, and what checks the answer. */
  function schemaOf(options) {
    const schema = options.outputSchema ?? options.schema;
    if (schema === undefined) return undefined;
    const isOurs = typeof schema.toJSONSchema === 'function';
    return { json: isOurs ? schema.toJSONSchema() : schema, parse: isOurs ? value => schema.parse(value) : value => value };
  }

  function ask(name, prompt, options) {
    if (typeof prompt !== 'string' || prompt.trim() === '') throw new TypeError('scheduler.' + name + ' requires a prompt');
    const { outputSchema, schema, ...rest } = options ?? {};
    const wanted = schemaOf(options ?? {});
    const answer = call(name, prompt, { ...rest, ...(wanted === undefined ? {} : { outputSchema: wanted.json }) });
    return wanted === undefined ? answer : { ...answer, json: wanted.parse(answer.json) };
  }

  function workflow(name, args = null) {
    if (typeof name !== 'string' || name === '') throw new TypeError('scheduler.workflow requires a name');
    return call('workflow', name, JSON.parse(kept(args) ?? 'null'));
  }

  function exec(request) {
    if (typeof request !== 'object' || request === null || typeof request.command !== 'string' || request.command === '')
      throw new TypeError('scheduler.exec requires an object with a command');
    return call('exec', request);
  }

  function shell(script, options = {}) {
    if (typeof script !== 'string' || script.trim() === '') throw new TypeError('scheduler.shell requires a script');
    return call('shell', script, options);
  }

${schemas}

  /** Short names, and those of both eras: create, createSandbox, CreateSandbox. */
  const placesOf = (noun, plural) => Object.fromEntries(
    ['create', 'resume', 'stop', 'get', 'list', 'getProxy'].flatMap(name => {
      const made = request => call('sandbox.' + name, request ?? {});
      const long = name === 'getProxy' ? 'get' + noun + 'Proxy' : name + (name === 'list' ? plural : noun);
      return [name, long, long[0].toUpperCase() + long.slice(1)].map(alias => [alias, made]);
    }),
  );
  const sandbox = placesOf('Sandbox', 'Sandboxes');
  const session = placesOf('Session', 'Sessions');

  const interval = timer('interval', 'scheduler.interval');
  const timeout = timer('timeout', 'scheduler.timeout');
  globalThis.scheduler = {
    interval, setInterval: interval, timeout, setTimeout: timeout, clearInterval: clear, clearTimeout: clear,
    cron, schedule: cron, on, addEventListener: on, log, state, z, exec, shell, workflow, sandbox, session,
    event: { publish },
    agent: (prompt, options) => ask('agent', prompt, options),
    llm: (prompt, options) => ask('llm', prompt, options),
    runtime: { name: 'scheduler' },
  };
  Object.assign(globalThis, { setInterval: interval, setTimeout: timeout, clearInterval: clear, clearTimeout: clear });
  const told = level => (...words) =>
    log(words.map(word => (typeof word === 'string' ? word : kept(word) ?? 'undefined')).join(' ') || ' ', level === 'info' ? undefined : { level });
  globalThis.console = { log: told('info'), info: told('info'), debug: told('debug'), warn: told('warn'), error: told('error') };

  return {
    collect: () => JSON.stringify([...registered.values()].map(({ callback, ...fields }) => fields)),
    async start(main, id, argument) {
      const value = argument === undefined ? undefined : JSON.parse(argument);
      return kept(await chosen(main, id)(value));
    },
  };

  function chosen(main, id) {
    if (id !== undefined) {
      const found = registered.get(id);
      if (found === undefined) throw new Error('scheduler trigger ' + id + ' not found in script');
      return found.callback;
    }
    if (typeof main === 'function') return main;
    const [only, ...others] = registered.values();
    if (only === undefined) throw new Error('script does not register any trigger and does not define main()');
    if (others.length > 0) throw new Error('scheduler defines multiple triggers; choose a trigger explicitly or define main()');
    return only.callback;
  }
})`;
