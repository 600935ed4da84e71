/*
 * The prefixes of lines (time, level, process, component) by those that are known: what a regular expression found once
 * need not be looked for again in a line that begins with the same bytes, whatever its digits are.
 *
 * `prefixes.py` says when that is so, and does without where this could not be compiled (`hatch_build.py`). It takes no
 * memory, keeps none, and calls nothing but memcpy and memchr, so that any number of threads may be in it.
 */
#include <stdint.h>
#include <string.h>

#define STEP UINT64_C(0xD1342543DE82EF95)
#define MIX UINT64_C(0xBF58476D1CE4E5B9)
#define NOWHERE (-1)

/* A prefix: the hash of its bytes, 0 where there is none; where the digit 1 must be, and the number of its level. */
struct known {
    uint64_t hash;
    int32_t one, level;
};

static inline uint64_t with(uint64_t hash, uint8_t byte) {
    return hash * STEP + ((uint8_t)(byte - '0') < 10 ? '0' : byte) + 1;
}

static inline uint64_t mixed(uint64_t hash) {
    hash ^= hash >> 32;
    hash *= MIX;
    hash ^= hash >> 29;
    return hash ? hash : 1;
}

static inline const struct known *found(const struct known *table, uint64_t mask, uint64_t hash) {
    uint64_t at = hash & mask;
    while (table[at].hash && table[at].hash != hash)
        at = (at + 1) & mask;
    return table[at].hash ? table + at : 0;
}

/* The hash of a prefix, in which all digits are the same. */
uint64_t shakeout_prefix(const uint8_t *data, int64_t size) {
    uint64_t hash = 0;
    for (int64_t at = 0; at < size; at++)
        hash = with(hash, data[at]);
    return mixed(hash);
}

/*
 * Where the prefix of each of the `lines` lines of `size` bytes ends (`cuts`, -1 where none is known) and its level
 * (`levels`); `ends` gets where the line ends. `table` has `mask` + 1 places, a power of two, more than there are known
 * prefixes; none of these is of more than `longest` bytes. `kinds` says of each byte what it is: 1 if a prefix may end
 * behind it, 2 if a message may begin with it, 4 if no prefix has it, as the line end.
 */
void shakeout_prefixes(
    const uint8_t *data, int64_t size, int64_t lines, const uint8_t *kinds, const struct known *table, uint64_t mask,
    int64_t longest, int32_t *cuts, int32_t *levels, int64_t *ends
) {
    const uint8_t *line = data, *end = data + size;
    for (int64_t number = 0; number < lines; number++) {
        const uint8_t *at = line, *stop = end - line > longest + 1 ? line + longest + 1 : end;
        uint64_t hash = 0;
        uint8_t before = 0;
        cuts[number] = levels[number] = NOWHERE;
        for (; at < stop; at++) {
            uint8_t kind = kinds[*at];
            if (before & 1 && kind & 2) {
                const struct known *one = found(table, mask, mixed(hash));
                if (one && (one->one < 0 || line[one->one] == '1')) {
                    cuts[number] = (int32_t)(at - line);
                    levels[number] = one->level;
                    break;
                }
            }
            if (kind & 4)
                break;
            hash = with(hash, *at);
            before = kind;
        }
        at = end - at > 0 ? memchr(at, '\n', (size_t)(end - at)) : 0;
        at = at ? at : end;
        ends[number] = at - data;
        line = at < end ? at + 1 : end;
    }
}

/* The lines without their first `cuts` bytes each. */
void shakeout_cut(const uint8_t *data, int64_t lines, const int64_t *ends, const int32_t *cuts, uint8_t *to) {
    int64_t start = 0;
    for (int64_t number = 0; number < lines; number++) {
        int64_t from = start + cuts[number], end = ends[number];
        memcpy(to, data + from, (size_t)(end - from));
        to += end - from;
        if (number + 1 < lines)
            *to++ = '\n';
        start = end + 1;
    }
}
