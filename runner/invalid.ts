/** Why a value is no value of its option. The message goes on where the value ends. */
export class Invalid extends Error {}
