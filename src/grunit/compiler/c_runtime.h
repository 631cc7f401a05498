/* The fixed part of every compiled cell: vectors, their arithmetic, and one matrix product.
 *
 * `real` is float or double (REAL_DOUBLE). A `vec` holds VL of them in one register; GCC's vector extensions
 * turn ordinary operators into vector instructions on every processor, so there is nothing here for one of them.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define PANEL 4 /* vectors a panel of packed weights: 6 x 4 sums stay in 32 registers */
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#define PANEL 2 /* 6 x 2 sums stay in 16 registers */
#else
#define VECTOR_BYTES 16
#define PANEL 2
#endif

#ifdef REAL_DOUBLE
typedef double real;
typedef int64_t whole;
#else
typedef float real;
typedef int32_t whole;
#endif

#define VL ((int64_t)(VECTOR_BYTES / sizeof(real)))
#define WIDTH (PANEL * VL)
#define TALL 6 /* rows a tile */
#define INLINE static inline __attribute__((always_inline, unused))

typedef real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef whole mask __attribute__((vector_size(VECTOR_BYTES)));
typedef uint32_t bits __attribute__((vector_size(VECTOR_BYTES)));

/* ---- memory: `m` lanes are wanted, fewer than VL only at the end of a row ---- */

INLINE vec splat(real x) { return x - (vec){0}; }
INLINE mask all(int on) { return (mask){0} - (whole)(on != 0); }

INLINE vec load(const real *p, int64_t m) {
    vec v = {0};
    if (m >= VL) memcpy(&v, p, sizeof v);
    else for (int64_t i = 0; i < m; i++) v[i] = p[i];
    return v;
}

INLINE void store(real *p, int64_t m, vec v) {
    if (m >= VL) memcpy(p, &v, sizeof v);
    else for (int64_t i = 0; i < m; i++) p[i] = v[i];
}

INLINE vec gather(const real *p, int64_t stride, int64_t m) {
    vec v = {0};
    for (int64_t i = 0; i < m && i < VL; i++) v[i] = p[i * stride];
    return v;
}

INLINE void scatter(real *p, int64_t stride, int64_t m, vec v) {
    for (int64_t i = 0; i < m && i < VL; i++) p[i * stride] = v[i];
}

INLINE mask load_mask(const uint8_t *p, int64_t stride, int64_t m) {
    mask v = {0};
    for (int64_t i = 0; i < m && i < VL; i++) v[i] = -(whole)(p[i * stride] != 0);
    return v;
}

INLINE void store_mask(uint8_t *p, int64_t stride, int64_t m, mask v) {
    for (int64_t i = 0; i < m && i < VL; i++) p[i * stride] = v[i] != 0;
}

/* ---- choosing ---- */

INLINE vec choose(mask yes, vec a, vec b) { return (vec)((yes & (mask)a) | (~yes & (mask)b)); }
INLINE mask is_nan(vec a) { return a != a; }
INLINE vec absolute(vec a) { return choose(a < splat(0), -a, a + splat(0)); }
INLINE vec sign(vec a) { return choose(a > splat(0), splat(1), choose(a < splat(0), splat(-1), splat(0))); }
/* NaN wins, as in PyTorch. */
INLINE vec larger(vec a, vec b) { return choose(is_nan(a) | (a > b), a, b); }
INLINE vec smaller(vec a, vec b) { return choose(is_nan(a) | (a < b), a, b); }
INLINE vec keep(vec a, int64_t m, real otherwise) {
    for (int64_t i = m; i < VL; i++) a[i] = otherwise;
    return a;
}

INLINE real add_lanes(vec a) {
    real total = 0;
    for (int64_t i = 0; i < VL; i++) total += a[i];
    return total;
}
INLINE real max_lanes(vec a) {
    real best = a[0];
    for (int64_t i = 1; i < VL; i++) best = (best != best || best > a[i]) ? best : a[i];
    return best;
}
INLINE real min_lanes(vec a) {
    real best = a[0];
    for (int64_t i = 1; i < VL; i++) best = (best != best || best < a[i]) ? best : a[i];
    return best;
}

/* ---- functions ---- */

#ifdef REAL_DOUBLE
#define LIBM(name) name
#else
#define LIBM(name) name##f
#endif
#define LANEWISE(name, function)                                              \
    INLINE vec name(vec a) {                                                  \
        for (int64_t i = 0; i < VL; i++) a[i] = LIBM(function)(a[i]);         \
        return a;                                                             \
    }
LANEWISE(log_of, log)
LANEWISE(log1p_of, log1p)
LANEWISE(log2_of, log2)
LANEWISE(expm1_of, expm1)
LANEWISE(sin_of, sin)
LANEWISE(cos_of, cos)
LANEWISE(erf_of, erf)
LANEWISE(floor_of, floor)
LANEWISE(ceil_of, ceil)
LANEWISE(sqrt_of, sqrt)
LANEWISE(tan_of, tan)
LANEWISE(asin_of, asin)
LANEWISE(acos_of, acos)
LANEWISE(atan_of, atan)
LANEWISE(sinh_of, sinh)
LANEWISE(cosh_of, cosh)
LANEWISE(asinh_of, asinh)
LANEWISE(acosh_of, acosh)
LANEWISE(atanh_of, atanh)
LANEWISE(exp2_of, exp2)
LANEWISE(log10_of, log10)
LANEWISE(round_of, nearbyint)
LANEWISE(trunc_of, trunc)

INLINE vec power(vec a, vec b) {
    for (int64_t i = 0; i < VL; i++) a[i] = LIBM(pow)(a[i], b[i]);
    return a;
}

#ifdef REAL_DOUBLE
LANEWISE(exp_of, exp)
LANEWISE(tanh_of, tanh)
#else
/* 2^n is built in two halves, so that results reach infinity and the subnormals as they should.
 * The polynomial approximates e^r on |r| <= ln(2)/2 to half a unit in the last place. */
INLINE vec exp_of(vec x) {
    x = choose(x > splat(89.0f), splat(89.0f), x);
    x = choose(x < splat(-104.0f), splat(-104.0f), x);
    const vec shift = splat(12582912.0f); /* 1.5 * 2^23: adding it rounds to whole numbers */
    vec shifted = x * splat(1.44269504f) + shift;
    vec n = shifted - shift;
    vec r = x - n * splat(0.693359375f);
    r = r - n * splat(-2.12194440e-4f);
    vec p = splat(1.9875691500e-4f);
    p = p * r + splat(1.3981999507e-3f);
    p = p * r + splat(8.3334519073e-3f);
    p = p * r + splat(4.1665795894e-2f);
    p = p * r + splat(1.6666665459e-1f);
    p = p * r + splat(5.0000001201e-1f);
    p = p * r * r + r + splat(1.0f);
    mask whole_n = (mask)shifted - (mask)shift;
    mask half = whole_n >> 1, rest = whole_n - half;
    return p * (vec)((half + 127) << 23) * (vec)((rest + 127) << 23);
}

/* t / (t + 2) with t = e^2x - 1, kept free of cancellation near zero; beyond the clamp tanh rounds to one. */
INLINE vec tanh_of(vec x) {
    x = choose(x > splat(9.02f), splat(9.02f), x);
    x = choose(x < splat(-9.02f), splat(-9.02f), x);
    x = x + x;
    const vec shift = splat(12582912.0f);
    vec shifted = x * splat(1.44269504f) + shift;
    vec n = shifted - shift;
    vec r = x - n * splat(0.693359375f);
    r = r - n * splat(-2.12194440e-4f);
    vec p = splat(1.9875691500e-4f);
    p = p * r + splat(1.3981999507e-3f);
    p = p * r + splat(8.3334519073e-3f);
    p = p * r + splat(4.1665795894e-2f);
    p = p * r + splat(1.6666665459e-1f);
    p = p * r + splat(5.0000001201e-1f);
    vec small = p * (r * r) + r; /* e^r - 1 */
    vec scale = (vec)(((mask)shifted - (mask)shift + 127) << 23);
    vec t = small * scale + (scale - splat(1.0f));
    return t / (t + splat(2.0f));
}
#endif

/* To the nearest bfloat16, ties to even: the upper half of a float. */
#ifdef REAL_DOUBLE
INLINE vec rounded(vec x) {
    for (int64_t i = 0; i < VL; i++) {
        float f = (float)x[i];
        uint32_t b;
        memcpy(&b, &f, sizeof b);
        b = (b + 0x7fff + (b >> 16 & 1)) & 0xffff0000u;
        memcpy(&f, &b, sizeof f);
        x[i] = x[i] != x[i] ? x[i] : f;
    }
    return x;
}
#else
INLINE vec rounded(vec x) {
    bits b = (bits)x;
    b = (b + 0x7fff + (b >> 16 & 1)) & 0xffff0000u;
    return choose(is_nan(x), x, (vec)b);
}
#endif

INLINE vec sigmoid_of(vec x) { return splat(1) / (splat(1) + exp_of(-x)); }

/* ---- the product: C (rows x n) = S (rows x n, or zero) + A (rows x k) times packed M (k x n) ---- */

/* M goes into panels of WIDTH columns, each k x WIDTH, padded with zeros: read once in order by every tile. */
INLINE int64_t packed_size(int64_t k, int64_t n) { return (n + WIDTH - 1) / WIDTH * WIDTH * k; }

static void pack(int64_t k, int64_t n, const real *m, int64_t step_k, int64_t step_n, real *out) {
    for (int64_t j = 0; j < n; j += WIDTH)
        for (int64_t i = 0; i < k; i++)
            for (int64_t c = 0; c < WIDTH; c++) *out++ = j + c < n ? m[i * step_k + (j + c) * step_n] : 0;
}

#define TILE(ROWS)                                                                                              \
    static void tile_##ROWS(int64_t k, int64_t n, const real *a, int64_t lda, const real *panel,                \
                            const real *s, int64_t lds, real *c, int64_t ldc) {                                 \
        vec sum[ROWS][PANEL];                                                                                   \
        for (int i = 0; i < ROWS; i++)                                                                          \
            for (int j = 0; j < PANEL; j++)                                                                     \
                sum[i][j] = s && j * VL < n ? load(s + i * lds + j * VL, n - j * VL) : (vec){0};                \
        _Pragma("GCC unroll 4") for (int64_t q = 0; q < k; q++) {                                               \
            vec b[PANEL];                                                                                       \
            _Pragma("GCC unroll 4") for (int j = 0; j < PANEL; j++)                                             \
                memcpy(&b[j], panel + q * WIDTH + j * VL, sizeof(vec));                                         \
            _Pragma("GCC unroll 8") for (int i = 0; i < ROWS; i++) {                                            \
                vec x = splat(a[i * lda + q]);                                                                  \
                _Pragma("GCC unroll 4") for (int j = 0; j < PANEL; j++) sum[i][j] += x * b[j];                  \
            }                                                                                                   \
        }                                                                                                       \
        for (int i = 0; i < ROWS; i++)                                                                          \
            for (int j = 0; j < PANEL; j++)                                                                     \
                if (j * VL < n) store(c + i * ldc + j * VL, n - j * VL, sum[i][j]);                             \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

typedef void (*tile_function)(int64_t, int64_t, const real *, int64_t, const real *, const real *, int64_t, real *,
                              int64_t);
static const tile_function tiles[] = {0, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};

/* A single row goes through several panels at once: one chain of sums a vector would wait for itself. Each sum is
 * added up in the order of the tiles, so a row's result does not depend on how many rows came with it. */
#define ABREAST (8 / PANEL)
static void one_row(int64_t k, int64_t n, const real *a, const real *packed, const real *s, real *c) {
    const int64_t panel = k * WIDTH;
    int64_t j = 0;
    for (; j + (ABREAST - 1) * WIDTH < n; j += ABREAST * WIDTH, packed += ABREAST * panel) {
        vec sum[ABREAST][PANEL];
        for (int p = 0; p < ABREAST; p++)
            for (int i = 0; i < PANEL; i++) {
                int64_t at = j + p * WIDTH + i * VL;
                sum[p][i] = s && at < n ? load(s + at, n - at) : (vec){0};
            }
        for (int64_t q = 0; q < k; q++) {
            vec x = splat(a[q]);
            _Pragma("GCC unroll 4") for (int p = 0; p < ABREAST; p++)
                _Pragma("GCC unroll 4") for (int i = 0; i < PANEL; i++) {
                    vec b;
                    memcpy(&b, packed + p * panel + q * WIDTH + i * VL, sizeof(vec));
                    sum[p][i] += x * b;
                }
        }
        for (int p = 0; p < ABREAST; p++)
            for (int i = 0; i < PANEL; i++) {
                int64_t at = j + p * WIDTH + i * VL;
                if (at < n) store(c + at, n - at, sum[p][i]);
            }
    }
    for (; j < n; j += WIDTH, packed += panel) tile_1(k, n - j, a, 0, packed, s ? s + j : 0, 0, c + j, 0);
}

__attribute__((unused)) static void product(int64_t rows, int64_t k, int64_t n, const real *a, int64_t lda,
                                            const real *packed, const real *s, int64_t lds, real *c, int64_t ldc) {
    if (rows == 1) {
        one_row(k, n, a, packed, s, c);
        return;
    }
    int64_t count = (rows + TALL - 1) / TALL; /* tiles of nearly equal height */
    for (int64_t j = 0; j < n; j += WIDTH, packed += k * WIDTH)
        for (int64_t i = 0, done = 0; i < count; i++) {
            int64_t height = (rows - done) / (count - i);
            tiles[height](k, n - j, a + done * lda, lda, packed, s ? s + done * lds + j : 0, lds, c + done * ldc + j, ldc);
            done += height;
        }
}

/* ---- threads: the pool that PyTorch already has, if its addresses were given ---- */

typedef void (*team_function)(void (*)(void *), void *, unsigned, unsigned);
typedef int (*number_function)(void);
static team_function team;
static number_function thread_number, thread_count;

void grunit_threads(void *parallel, void *number, void *count) {
    team = (team_function)parallel;
    thread_number = (number_function)number;
    thread_count = (number_function)count;
}

typedef struct {
    void (*work)(const int64_t *a, int64_t first, int64_t last, int64_t thread);
    const int64_t *a;
    int64_t rows;
} job;

static void share(void *argument) {
    job *j = argument;
    int64_t thread = thread_number(), threads = thread_count();
    int64_t first = j->rows * thread / threads, last = j->rows * (thread + 1) / threads;
    if (first < last) j->work(j->a, first, last, thread);
}

/* Every thread takes its rows through the whole loop; nobody waits for anybody. */
__attribute__((unused)) static void spread(void (*work)(const int64_t *, int64_t, int64_t, int64_t),
                                           const int64_t *a, int64_t rows, int64_t threads) {
    job j = {work, a, rows};
    if (threads > 1 && team) team(share, &j, (unsigned)threads, 0);
    else work(a, 0, rows, 0);
}

int64_t grunit_packed_size(int64_t k, int64_t n) { return packed_size(k, n); }
void grunit_pack(int64_t k, int64_t n, const real *m, int64_t step_k, int64_t step_n, real *out) {
    pack(k, n, m, step_k, step_n, out);
}
