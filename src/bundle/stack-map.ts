/** Stacks of errors that name the sources. */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { relative, resolve } from 'node:path';

/**
 * From now on stacks of errors name the sources of `file` in place of it, as its source map has them. The map is read for
 * the first stack that is looked at: `--enable-source-maps` reads it at each start, which is a tenth of a second for a
 * map of megabytes, and keeps 20 MB of it.
 */
export function mapStacks(file: string): void {
  let map: SourceMap | undefined;
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => {
      // oxlint-disable-next-line typescript/no-base-to-string -- V8's frames have a text, which the types do not know.
      const text = String(frame);
      if (frame.getFileName() !== file) return text;
      const [line, column] = [frame.getLineNumber() ?? 1, frame.getColumnNumber() ?? 1];
      try {
        map ??= new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapPayload);
        const origin = map.findOrigin(line, column);
        if (!('fileName' in origin)) return text;
        const source = relative('.', resolve(file, '..', origin.fileName));
        return text.replace(`${file}:${line}:${column}`, `${source}:${origin.lineNumber}:${origin.columnNumber}`);
      } catch {
        // No map, or not one of this file: what is there is better than nothing.
        return text;
      }
    });
    return [String(error), ...lines.map((line) => `    at ${line}`)].join('\n');
  };
}
