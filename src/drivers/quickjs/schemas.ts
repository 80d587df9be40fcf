/** `z`, the schemas of answers, in the script's own language: part of what every script finds around it. */
export const schemas = String.raw`  const kindOf = value => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
  const primitive = type => () => ({
    toJSONSchema: () => ({ type }),
    parse: value => {
      if (kindOf(value) !== type) throw new TypeError('expected ' + type);
      return value;
    },
  });
  const z = {
    string: primitive('string'),
    number: primitive('number'),
    boolean: primitive('boolean'),
    enum: values => ({
      toJSONSchema: () => ({ enum: [...values] }),
      parse: value => {
        if (!values.includes(value)) throw new TypeError('expected one of ' + values.join(', '));
        return value;
      },
    }),
    array: item => ({
      toJSONSchema: () => ({ type: 'array', items: item.toJSONSchema() }),
      parse: value => {
        if (!Array.isArray(value)) throw new TypeError('expected array');
        return value.map(each => item.parse(each));
      },
    }),
    object: shape => ({
      toJSONSchema: () => ({
        type: 'object',
        properties: Object.fromEntries(Object.entries(shape).map(([key, each]) => [key, each.toJSONSchema()])),
        required: Object.keys(shape),
        additionalProperties: false,
      }),
      parse: value => {
        if (kindOf(value) !== 'object') throw new TypeError('expected object');
        for (const key of Object.keys(value))
          if (!Object.hasOwn(shape, key)) throw new TypeError('unexpected property ' + key);
        return Object.fromEntries(Object.entries(shape).map(([key, each]) => {
          if (!Object.hasOwn(value, key)) throw new TypeError('missing required property ' + key);
          return [key, each.parse(value[key])];
        }));
      },
    }),
  };`;
