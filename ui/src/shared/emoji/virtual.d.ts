declare module 'virtual:emoji' {
  /** JSON: [emoji, name, tags, group, takes skin tones, version if new][] (scripts/emoji.mjs) */
  const json: string;
  export default json;
}
