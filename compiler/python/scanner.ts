/** What a token is. `other` is one character. */
type Kind = "word" | "string" | "line" | "other" | "end";

/** A string whose fields are code: `f"…{field:format}…"`. */
interface FieldString {
  quote: string;
  isRaw: boolean;
}

/** A field that is open, and the text that goes on behind it. */
interface OpenField {
  string: FieldString;
  /** It stands in the format of another field. */
  isFormat: boolean;
  /** How many brackets were open before it. */
  depth: number;
}

/**
 * Cuts Python source into tokens, each character looked at once. Strings with fields are read as Python 3.14 does:
 * a field may hold any string, the same quotes included.
 */
export class PythonScanner {
  kind: Kind = "line";
  /** Where the token begins, both from 1. */
  line = 1;
  column = 1;
  /** How many brackets are open behind the token. */
  depth = 0;
  readonly #source: string;
  #start = 0;
  #end = 0;
  /** Of the line that the end of the token is in. */
  #line = 1;
  #lineStart = 0;
  /** From the outermost. */
  readonly #fields: OpenField[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  /** The text of a word, as Python compares names. */
  get word(): string {
    const word = this.#source.slice(this.#start, this.#end);
    // What is longer names no file.
    return word.length <= NAME_LENGTH_AT_MOST ? word.normalize("NFKC") : word;
  }

  /** Whether a word begins with a digit. */
  get isNumber(): boolean {
    return this.#source[this.#start]! >= "0" && this.#source[this.#start]! <= "9";
  }

  /** Whether the token is this character. */
  is(character: string): boolean {
    return this.kind === "other" && this.#source[this.#start] === character;
  }

  /** Goes to the next token. Whether there is one. */
  next(): boolean {
    this.#skipSpace();
    this.#start = this.#end;
    this.line = this.#line;
    this.column = this.#start - this.#lineStart + 1;
    const code = this.#source.charCodeAt(this.#start);
    if (Number.isNaN(code)) {
      this.kind = "end";
      return false;
    }
    if (isWordCode(code)) this.#takeWord();
    else if (code === QUOTE || code === APOSTROPHE) this.#takeString("");
    else if (isLineEnd(code)) {
      this.kind = "line";
      this.#takeLine();
    } else this.#takeOther(this.#source[this.#start]!);
    return true;
  }

  /** Spaces, comments, and the ends of lines that go on. */
  #skipSpace(): void {
    const source = this.#source;
    while (true) {
      const code = source.charCodeAt(this.#end);
      if (code === 0x20 || code === 0x09 || code === 0x0c) {
        this.#end++;
      } else if (code === BACKSLASH && isLineEnd(source.charCodeAt(this.#end + 1))) {
        this.#end++;
        this.#takeLine();
      } else if (this.depth > 0 && isLineEnd(code)) {
        this.#takeLine();
      } else if (code === 0x23) {
        while (this.#end < source.length && !isLineEnd(source.charCodeAt(this.#end))) this.#end++;
      } else {
        return;
      }
    }
  }

  #takeWord(): void {
    const source = this.#source;
    while (isWordCode(source.charCodeAt(this.#end))) this.#end++;
    this.kind = "word";
    const next = source.charCodeAt(this.#end);
    if (next !== QUOTE && next !== APOSTROPHE || this.#end - this.#start > 2) return;
    const prefix = source.slice(this.#start, this.#end).toLowerCase();
    // `if"a"in b` has no prefix.
    if (PREFIXES.has(prefix)) this.#takeString(prefix);
  }

  #takeOther(character: string): void {
    this.kind = "other";
    this.#end++;
    const field = this.#fields.at(-1);
    if (field !== undefined && this.depth === field.depth + 1) {
      if (character === ":") return this.#takeText(field.string, true);
      if (character === "}") return this.#closeField();
    }
    if (OPENING.includes(character)) this.depth++;
    else if (CLOSING.includes(character)) this.depth = Math.max(0, this.depth - 1);
  }

  #takeString(prefix: string): void {
    this.kind = "string";
    const quote = this.#source[this.#end]!;
    const isTriple = this.#source.startsWith(quote.repeat(3), this.#end);
    const string = { quote: isTriple ? quote.repeat(3) : quote, isRaw: prefix.includes("r") };
    this.#end += string.quote.length;
    const hasFields = prefix.includes("f") || prefix.includes("t");
    if (hasFields) this.#takeText(string, false);
    else while (!this.#isOver(string)) this.#takeCharacters();
  }

  #closeField(): void {
    const { string, isFormat, depth } = this.#fields.pop()!;
    this.depth = depth;
    this.#takeText(string, isFormat);
  }

  /** To the next field of a string, or to its end. The format of a field ends with the field. */
  #takeText(string: FieldString, isFormat: boolean): void {
    this.kind = "string";
    while (!this.#isOver(string)) {
      const character = this.#source[this.#end];
      if (character === "{") {
        this.#end++;
        const isText = !isFormat && this.#source[this.#end] === "{";
        if (!isText) {
          this.#fields.push({ string, isFormat, depth: this.depth++ });
          return;
        }
        this.#end++;
      } else if (character === "}" && isFormat) {
        this.#end++;
        ({ isFormat, depth: this.depth } = this.#fields.pop()!);
      } else if (character === "\\") {
        this.#takeEscape(string);
      } else {
        this.#takeCharacters();
      }
    }
    // Of broken source, fields may be open still.
    while (this.#fields.at(-1)?.string === string) this.depth = this.#fields.pop()!.depth;
  }

  /** A backslash hides no bracket, unless it names a character: `\N{DASH}`. */
  #takeEscape({ isRaw }: FieldString): void {
    const next = this.#source[this.#end + 1];
    if (next === "{" || next === "}") {
      this.#end++;
    } else if (!isRaw && next === "N" && this.#source[this.#end + 2] === "{") {
      this.#end += 3;
      while (isNameCode(this.#source.charCodeAt(this.#end))) this.#end++;
      if (this.#source[this.#end] === "}") this.#end++;
    } else {
      this.#takeCharacters();
    }
  }

  /** Whether a string ends here: behind its quotes, with the source, or with its line if that is all it may have. */
  #isOver({ quote }: FieldString): boolean {
    if (this.#end >= this.#source.length) return true;
    if (this.#source.startsWith(quote, this.#end)) {
      this.#end += quote.length;
      return true;
    }
    return quote.length === 1 && isLineEnd(this.#source.charCodeAt(this.#end));
  }

  /** A character of a string: two, if a backslash is the first. */
  #takeCharacters(): void {
    if (this.#source.charCodeAt(this.#end) === BACKSLASH) this.#end++;
    if (isLineEnd(this.#source.charCodeAt(this.#end))) this.#takeLine();
    else if (this.#end < this.#source.length) this.#end++;
  }

  #takeLine(): void {
    this.#end += this.#source.startsWith("\r\n", this.#end) ? 2 : 1;
    this.#line++;
    this.#lineStart = this.#end;
  }
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d;
}

/** Letters, digits, `_`, and all that is not ASCII. */
function isWordCode(code: number): boolean {
  return code >= 0x61 && code <= 0x7a || code >= 0x41 && code <= 0x5a ||
    code >= 0x30 && code <= 0x39 || code === 0x5f || code >= 0x80;
}

/** In the name of a character. */
function isNameCode(code: number): boolean {
  return isWordCode(code) || code === 0x20 || code === 0x2d;
}

const NAME_LENGTH_AT_MOST = 255;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const OPENING = "([{";
const CLOSING = ")]}";
const PREFIXES = new Set("r u b f t br rb fr rf tr rt".split(" "));
