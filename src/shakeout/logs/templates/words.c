/*
 * The words of a block of lines, and the names of the lines by their frequent words.
 *
 * It finds the same as `words.py`, number for number, in a quarter of the time; it is compiled where a C compiler is at
 * hand (`hatch_build.py`), and nothing but speed depends on it. It takes no memory, keeps none, and calls nothing but
 * memcpy, memcmp and memchr, so that any number of threads may be in it.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "words are read as little-endian numbers"
#endif

#ifndef SOURCE
#define SOURCE 0
#endif

#define COUNTERS 65536
#define CHUNK 8
#define LONGEST 48
#define SIGN UINT64_C(0xFF)
#define MIX UINT64_C(0xBF58476D1CE4E5B9)
#define STEP UINT64_C(0xD1342543DE82EF95)
#define EACH(byte) ((uint64_t)(byte) * UINT64_C(0x0101010101010101))
#define TOP EACH(0x80)
/* The top bit of each byte is set if its lower bits are a number that is not less than `least`. */
#define FROM(lower, least) ((lower) + EACH(0x80 - (least)))
#define ALL (~UINT64_C(0))

/* Ones in the bytes of a chunk that are behind a word of so many bytes. */
static const uint64_t unused[CHUNK + 1] = {ALL, ALL << 8, ALL << 16, ALL << 24, ALL << 32, ALL << 40, ALL << 48, ALL << 56, 0};

/* What leaves out the last digit of a word of three to five bytes, as in eth0. */
static const uint64_t no_name[CHUNK + 1] = {
    ALL, ALL, ALL, ~(UINT64_C(0x80) << 16), ~(UINT64_C(0x80) << 24), ~(UINT64_C(0x80) << 32), ALL, ALL, ALL,
};

/* The library's own word for which source it was made from: it is not used with any other. */
uint32_t shakeout_source(void) { return SOURCE; }

static inline uint64_t mixed(uint64_t hash) {
    hash *= MIX;
    return hash ^ hash >> 32;
}

/* The top bit of each byte that is a digit. */
static inline uint64_t digits(uint64_t chunk) {
    uint64_t lower = chunk & EACH(0x7F);
    return FROM(lower, '0') & ~(FROM(lower, '9' + 1) | chunk) & TOP;
}

/* The top bit of each byte that divides words: below 0x2D, from ':' to '?', and the brackets and strokes. */
static inline uint64_t divides(uint64_t chunk) {
    uint64_t lower = chunk & EACH(0x7F), either = lower | EACH(0x20);
    uint64_t found = ~FROM(lower, 0x2D);
    found |= FROM(lower, 0x3A) & ~FROM(lower, 0x40);
    found |= FROM(either, 0x7B) & ~FROM(either, 0x7E);
    return found & ~chunk & TOP;
}

/* Eight bytes, or as many as there are before `end`. */
static inline uint64_t chunk_at(const uint8_t *at, const uint8_t *end) {
    uint64_t chunk = 0;
    if (end - at >= CHUNK)
        memcpy(&chunk, at, CHUNK);
    else
        memcpy(&chunk, at, (size_t)(end - at));
    return chunk;
}

/* How many bytes of the word are in a chunk at `at`; no word goes beyond `stop`. */
static inline int64_t used_of(uint64_t found, const uint8_t *at, const uint8_t *stop) {
    int64_t used = found ? __builtin_ctzll(found) >> 3 : CHUNK;
    return stop - at < used ? stop - at : used;
}

/*
 * The words of the `lines` lines of `size` bytes, each as a hash whose low eight bits are the sign behind it, and how
 * often each is there by two parts of its hash (`counts`, twice COUNTERS). `last` gets the position of each line's last
 * word, `ends` where the line ends. Of a line of `part` bytes and more only the first part - 1 count.
 *
 * Returns how many words there are, or -1 if there are more than `room`.
 */
int64_t shakeout_words(
    const uint8_t *data, int64_t size, int64_t part, uint64_t *words, int64_t room, int64_t lines, int64_t *last,
    int64_t *ends, uint32_t *counts
) {
    const uint8_t *at = data, *end = data + size;
    int64_t made = 0;
    for (int64_t line = 0; line < lines; line++) {
        const uint8_t *stop = end - at < part ? end : at + part - 1;
        for (;;) {
            const uint8_t *begin = at;
            uint64_t chunk = chunk_at(at, end), found = divides(chunk), hash;
            int64_t used = used_of(found, at, stop);
            int valued;
            if (made == room)
                return -1;
            chunk |= unused[used];
            valued = (digits(chunk) & no_name[used]) || (uint8_t)chunk == '/';
            hash = mixed(chunk);
            at += used;
            while (!found && at < stop) {
                chunk = chunk_at(at, end);
                found = divides(chunk);
                used = used_of(found, at, stop);
                if (!valued && used) {
                    chunk |= unused[used];
                    valued = digits(chunk) || at - begin >= LONGEST;
                    hash = mixed(hash + mixed(chunk));
                }
                at += used;
            }
            hash = valued ? 0 : hash & ~SIGN;
            if (hash) {
                counts[hash >> 48]++;
                counts[COUNTERS + (hash >> 24 & (COUNTERS - 1))]++;
            }
            uint8_t sign = at == stop ? '\n' : *at;
            words[made++] = hash | sign;
            if (sign == '\n')
                break;
            at++;
        }
        last[line] = made - 1;
        if (at < end && *at != '\n') {
            const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
            at = newline ? newline : end;
        }
        ends[line] = at - data;
        if (at < end)
            at++;
    }
    return made;
}

/*
 * Leaves of each word that is rare by either count the sign alone; the name of a line is the sum of its words, each
 * times the power of its place.
 */
void shakeout_names(
    uint64_t *words, const int64_t *last, int64_t lines, const uint32_t *counts, uint32_t least, uint64_t *names
) {
    int64_t at = 0;
    for (int64_t line = 0; line < lines; line++) {
        uint64_t name = 0, power = 1;
        for (; at <= last[line]; at++, power *= STEP) {
            uint64_t word = words[at];
            if (word > SIGN && (counts[word >> 48] < least || counts[COUNTERS + (word >> 24 & (COUNTERS - 1))] < least))
                words[at] = word &= SIGN;
            name += word * power;
        }
        names[line] = name;
    }
}

static inline int is_divider(uint8_t byte) {
    uint8_t either = byte | 0x20;
    return byte < 0x2D || (byte >= 0x3A && byte < 0x40) || (byte < 0x80 && either >= 0x7B && either < 0x7E);
}

/* Whether a word stands by itself in a line. */
static int holds(const uint8_t *line, const uint8_t *end, const uint8_t *word, int64_t size) {
    const uint8_t *at = line;
    while (end - at >= size && (at = memchr(at, *word, (size_t)(end - at - size + 1)))) {
        if (!memcmp(at, word, (size_t)size) && (at == line || is_divider(at[-1])) &&
            (at + size == end || is_divider(at[size])))
            return 1;
        at++;
    }
    return 0;
}

/*
 * Which lines, from `starts` to `ends`, have all words that are asked of them (`found`): `sizes` lines one after the
 * other are asked for `counts` words, of which each ends at `stops` in `words`; none of these is empty.
 */
void shakeout_holding(
    const uint8_t *data, const int64_t *starts, const int64_t *ends, int64_t groups, const int64_t *sizes,
    const int64_t *counts, const uint8_t *words, const int64_t *stops, uint8_t *found
) {
    int64_t line = 0, first = 0;
    for (int64_t group = 0; group < groups; first += counts[group++])
        for (int64_t size = sizes[group]; size; size--, line++) {
            int64_t word = first, last = first + counts[group];
            while (word < last) {
                int64_t begun = word ? stops[word - 1] : 0;
                if (!holds(data + starts[line], data + ends[line], words + begun, stops[word] - begun))
                    break;
                word++;
            }
            found[line] = word == last;
        }
}
