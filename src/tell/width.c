/*
 * Display width and paragraphs: see width.h.
 */
#include <stdbool.h>
#include <string.h>

#include "tell/width.h"

struct range {
    uint32_t first, last;
};

/* East Asian Width W and F of Unicode 15, in blocks, and what is shown as emoji. */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},
    {0x23F0, 0x23F0},   {0x23F3, 0x23F3},   {0x25FD, 0x25FE},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267F, 0x267F},   {0x2693, 0x2693},   {0x26A1, 0x26A1},
    {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},   {0x26CE, 0x26CE},
    {0x26D4, 0x26D4},   {0x26EA, 0x26EA},   {0x26F2, 0x26F3},   {0x26F5, 0x26F5},
    {0x26FA, 0x26FA},   {0x26FD, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B},
    {0x2728, 0x2728},   {0x274C, 0x274C},   {0x274E, 0x274E},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27B0, 0x27B0},   {0x27BF, 0x27BF},
    {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},   {0x2E80, 0x303E},
    {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
    {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x16FE0, 0x18AFF},
    {0x1B000, 0x1B2FF}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F18E, 0x1F18E},
    {0x1F191, 0x1F19A}, {0x1F200, 0x1F320}, {0x1F32D, 0x1F335}, {0x1F337, 0x1F37C},
    {0x1F37E, 0x1F393}, {0x1F3A0, 0x1F3CA}, {0x1F3CF, 0x1F3D3}, {0x1F3E0, 0x1F3F0},
    {0x1F3F4, 0x1F3F4}, {0x1F3F8, 0x1F43E}, {0x1F440, 0x1F440}, {0x1F442, 0x1F4FC},
    {0x1F4FF, 0x1F53D}, {0x1F54B, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F57A, 0x1F57A},
    {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A4}, {0x1F5FB, 0x1F64F}, {0x1F680, 0x1F6C5},
    {0x1F6CC, 0x1F6CC}, {0x1F6D0, 0x1F6D2}, {0x1F6D5, 0x1F6D7}, {0x1F6DC, 0x1F6DF},
    {0x1F6EB, 0x1F6EC}, {0x1F6F4, 0x1F6FC}, {0x1F7E0, 0x1F7EB}, {0x1F7F0, 0x1F7F0},
    {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF}, {0x1FA70, 0x1FAFF},
    {0x20000, 0x3FFFD},
};

/* Combining marks, joiners and variation selectors. */
static const struct range none[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
    {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064}, {0x20D0, 0x20FF}, {0x302A, 0x302D},
    {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
};

static bool among(uint32_t character, const struct range *ranges, size_t n)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (character > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && character >= ranges[low].first;
}

unsigned width_of_character(uint32_t character)
{
    if (character < 0x20 || (character >= 0x7F && character < 0xA0))
        return 0;
    if (among(character, none, sizeof(none) / sizeof(none[0])))
        return 0;
    return among(character, wide, sizeof(wide) / sizeof(wide[0])) ? 2 : 1;
}

static unsigned length_of(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first < 0xE0)
        return 2;
    if (first >= 0xE0 && first < 0xF0)
        return 3;
    return first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

uint32_t width_next(const char **text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)*text;
    if (bytes[0] == 0)
        return 0;
    unsigned length = length_of(bytes[0]);
    *text += 1;
    if (length <= 1)
        return length == 1 ? bytes[0] : 0xFFFD;
    uint32_t character = bytes[0] & (0xFFu >> (length + 1));
    for (unsigned i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0xFFFD;
        character = character << 6 | (bytes[i] & 0x3Fu);
    }
    bool surrogate = character >= 0xD800 && character < 0xE000;
    if (character < least[length] || surrogate || character > 0x10FFFF)
        return 0xFFFD;
    *text += length - 1;
    return character;
}

unsigned width_of(const char *text)
{
    unsigned width = 0;
    for (uint32_t character; (character = width_next(&text)) != 0;)
        width += width_of_character(character);
    return width;
}

void width_pad(FILE *out, const char *text, unsigned columns, const char *pad)
{
    fputs(text, out);
    for (unsigned width = width_of(text); width < columns; width++)
        fputs(pad, out);
}

/* ---- paragraphs ---- */

/* No line begins with these. */
static bool closes(uint32_t character)
{
    switch (character) {
    case 0x3001: /* 、 */
    case 0x3002: /* 。 */
    case 0x300D: /* 」 */
    case 0x300F:
    case 0xFF0C: /* ， */
    case 0xFF1A: /* ： */
    case 0xFF1B: /* ； */
    case 0xFF01: /* ！ */
    case 0xFF1F: /* ？ */
    case 0xFF09: /* ） */
    case 0x201D: /* ” */
    case 0x2019:
    case 0x2026: /* … */
    case 0x2014: return true;
    default: return false;
    }
}

static bool opens(uint32_t character)
{
    return character == '[' || character == 0xFF08 || character == 0x201C || character == 0x300C
           || character == 0x300E;
}

/* One piece that is not broken: a word, or a wide character and the punctuation that clings to
 * it. */
static const char *unit_end(const char *text)
{
    const char *at = text;
    uint32_t last = width_next(&at);
    for (;;) {
        const char *next = at;
        uint32_t character = width_next(&next);
        if (character == 0 || character == ' ')
            return at;
        bool may_break = width_of_character(last) == 2 || width_of_character(character) == 2;
        if (may_break && !closes(character) && !opens(last))
            return at;
        last = character;
        at = next;
    }
}

static unsigned width_between(const char *from, const char *to)
{
    unsigned width = 0;
    while (from < to)
        width += width_of_character(width_next(&from));
    return width;
}

void width_wrap(FILE *out, const char *text, const struct width_page *page)
{
    fputs(page->first, out);
    unsigned column = page->start + width_of(page->first), spaces = 0;
    bool empty = true; /* nothing stands on this line yet */
    while (*text != '\0') {
        if (*text == ' ') {
            spaces++;
            text++;
            continue;
        }
        const char *end = unit_end(text);
        unsigned width = width_between(text, end);
        if (!empty && column + spaces + width > page->columns) {
            fprintf(out, "\n%*s", (int)page->indent, "");
            column = page->indent;
            empty = true;
        }
        if (!empty)
            column += (unsigned)fprintf(out, "%*s", (int)spaces, "");
        fwrite(text, 1, (size_t)(end - text), out);
        column += width;
        spaces = 0;
        empty = false;
        text = end;
    }
    fputc('\n', out);
}
