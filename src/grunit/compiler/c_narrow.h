/* Products with weights kept in fewer bits: half or a quarter of the memory to read, the same float32 sums.
 *
 * BFLOAT16: each weight rounded to 8 bits of mantissa. INT8: each column of weights as whole numbers from -127 to 127
 * times one scale, its largest weight / 127. Panels are those of `pack`, rows and columns in the same order.
 */
#ifdef REAL_DOUBLE
#error "weights of fewer bits are for float32"
#endif

typedef uint32_t word __attribute__((vector_size(VECTOR_BYTES)));

INLINE int64_t padded(int64_t n) { return (n + WIDTH - 1) / WIDTH * WIDTH; }

#ifdef BFLOAT16
/* The upper half of a float, rounded to even. Two vectors of a panel share one: the first in the lower halves. */
static uint16_t round_weight(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x) return (uint16_t)(bits >> 16 | 64);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

int64_t grunit_narrow_bytes(int64_t k, int64_t n) { return k * padded(n) * 2; }

void grunit_pack_narrow(int64_t k, int64_t n, const float *m, int64_t step_k, int64_t step_n, uint16_t *out) {
    for (int64_t j = 0; j < n; j += WIDTH)
        for (int64_t q = 0; q < k; q++)
            for (int64_t c = 0; c < WIDTH; c++, out++) {
                int64_t at = j + c / (2 * VL) * 2 * VL + c % 2 * VL + c % (2 * VL) / 2;
                *out = at < n ? round_weight(m[q * step_k + at * step_n]) : 0;
            }
}

#define SCALES 0
#define BYTES 2
#define TOGETHER 1
/* The weights of TOGETHER rows for the vectors of a panel. */
INLINE void expand(const uint8_t *panel, vec b[TOGETHER][PANEL]) {
    _Pragma("GCC unroll 4") for (int i = 0; i < PANEL; i += 2) {
        word both;
        memcpy(&both, panel + i * VL * 2, sizeof both);
        b[0][i] = (vec)(both << 16);
        b[0][i + 1] = (vec)(both & 0xffff0000u);
    }
}

#else
#define SCALES (padded(n) * (int64_t)sizeof(float))
#define BYTES 1
#define TOGETHER 4 /* rows that lie together: the same column of each in one word */

INLINE int64_t padded_rows(int64_t k) { return (k + TOGETHER - 1) / TOGETHER * TOGETHER; }

int64_t grunit_narrow_bytes(int64_t k, int64_t n) { return SCALES + padded_rows(k) * padded(n); }

/* First the scales of all columns, then the panels. The scales are divided by 2^24, see `expand`. */
void grunit_pack_narrow(int64_t k, int64_t n, const float *m, int64_t step_k, int64_t step_n, uint8_t *out) {
    float *scale = (float *)out;
    int8_t *panel = (int8_t *)(out + SCALES);
    for (int64_t c = 0; c < padded(n); c++) {
        float largest = 0;
        for (int64_t q = 0; c < n && q < k; q++) largest = fmaxf(largest, fabsf(m[q * step_k + c * step_n]));
        scale[c] = largest / 127;
    }
    for (int64_t j = 0; j < n; j += WIDTH)
        for (int64_t q = 0; q < k; q += TOGETHER)
            for (int64_t c = j; c < j + WIDTH; c++)
                for (int64_t i = q; i < q + TOGETHER; i++) {
                    float x = c < n && i < k && scale[c] > 0 ? rintf(m[i * step_k + c * step_n] / scale[c]) : 0;
                    *panel++ = (int8_t)fmaxf(-127, fminf(127, x));
                }
    for (int64_t c = 0; c < padded(n); c++) scale[c] /= 16777216;
}

/* Each weight is moved to the top of its word, where it stands for 2^24 times itself. */
INLINE void expand(const uint8_t *panel, vec b[TOGETHER][PANEL]) {
    const word top = (word){0} + 0xff000000u;
    _Pragma("GCC unroll 4") for (int i = 0; i < PANEL; i++) {
        word four;
        memcpy(&four, panel + i * VL * 4, sizeof four);
        b[0][i] = __builtin_convertvector((mask)(four << 24), vec);
        b[1][i] = __builtin_convertvector((mask)(four << 16 & top), vec);
        b[2][i] = __builtin_convertvector((mask)(four << 8 & top), vec);
        b[3][i] = __builtin_convertvector((mask)(four & top), vec);
    }
}
#endif

/* One row and some panels, as `one_row`. */
INLINE void narrow_panels(int count, int64_t k, int64_t n, int64_t j, const float *a, const uint8_t *packed,
                          const float *s, float *c) {
    const int64_t rows = (k + TOGETHER - 1) / TOGETHER * TOGETHER;
    const uint8_t *panel = packed + SCALES + j * rows * BYTES;
    vec sum[ABREAST][PANEL];
    for (int p = 0; p < count; p++)
        for (int i = 0; i < PANEL; i++) sum[p][i] = (vec){0};
    for (int64_t q = 0; q < k; q += TOGETHER) {
        vec x[TOGETHER];
        for (int i = 0; i < TOGETHER; i++) x[i] = q + i < k ? splat(a[q + i]) : (vec){0};
        _Pragma("GCC unroll 4") for (int p = 0; p < count; p++) {
            vec b[TOGETHER][PANEL];
            expand(panel + (p * rows + q) * WIDTH * BYTES, b);
            for (int t = 0; t < TOGETHER; t++)
                _Pragma("GCC unroll 4") for (int i = 0; i < PANEL; i++) sum[p][i] += x[t] * b[t][i];
        }
    }
    for (int p = 0; p < count; p++)
        for (int i = 0; i < PANEL; i++) {
            int64_t at = j + p * WIDTH + i * VL;
            if (at >= n) continue;
            vec total = sum[p][i];
            if (SCALES) total *= load((const float *)packed + at, VL);
            store(c + at, n - at, s ? load(s + at, n - at) + total : total);
        }
}

__attribute__((unused)) static void narrow_product(int64_t rows, int64_t k, int64_t n, const float *a, int64_t lda,
                                                   const float *packed, const float *s, int64_t lds, float *c,
                                                   int64_t ldc) {
    const uint8_t *bytes_ = (const uint8_t *)packed;
    for (int64_t r = 0; r < rows; r++, a += lda, c += ldc, s = s ? s + lds : 0) {
        int64_t j = 0;
        for (; j + (ABREAST - 1) * WIDTH < n; j += ABREAST * WIDTH) narrow_panels(ABREAST, k, n, j, a, bytes_, s, c);
        for (; j < n; j += WIDTH) narrow_panels(1, k, n, j, a, bytes_, s, c);
    }
}
#define product narrow_product
