/** Where the clocks of a deterministic function stand: 2020-01-01, so that no program takes it for "not set". */
export const fixedTime = Date.UTC(2020, 0, 1);
