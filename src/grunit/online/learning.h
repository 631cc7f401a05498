/* A learning step as a list of operations on memory that stays where it is: no allocation, no interpreter. */

enum { PACK, CALL, ZERO, COPY, OUTER, ADD, LINEAR, LINEAR_BACK };
#define WORDS 10 /* of an operation: its kind and up to nine numbers or addresses */

typedef void (*walk_function)(const int64_t *table, int64_t threads);

int grunit_run(const int64_t *list, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const int64_t *o = list + i * WORDS;
        switch (o[0]) {
        case PACK: /* k, n, matrix, step along k, step along n, packed */
            pack(o[1], o[2], (const real *)o[3], o[4], o[5], (real *)o[6]);
            break;
        case CALL: /* function, table */
            ((walk_function)o[1])((const int64_t *)o[2], 1);
            break;
        case ZERO: /* target, numbers */
            memset((real *)o[1], 0, o[2] * sizeof(real));
            break;
        case COPY: /* source, target, numbers */
            memcpy((real *)o[2], (const real *)o[1], o[3] * sizeof(real));
            break;
        case OUTER: { /* steps, a (steps, m), m, b (steps, n), n, target (m, n) = a' b, distances of a, b */
            const real *a = (const real *)o[2], *b = (const real *)o[4];
            real *target = (real *)o[6];
            const int64_t width = o[5];
            for (int64_t j = 0; j < o[3]; j++, target += width) {
                const real first = a[j];
                for (int64_t c = 0; c < width; c++) target[c] = first * b[c];
                for (int64_t t = 1; t < o[1]; t++) {
                    const real x = a[t * o[7] + j], *row = b + t * o[8];
                    for (int64_t c = 0; c < width; c++) target[c] += x * row[c];
                }
            }
            break;
        }
        case ADD: { /* a, b, target, numbers */
            const real *a = (const real *)o[1], *b = (const real *)o[2];
            for (int64_t c = 0; c < o[4]; c++) ((real *)o[3])[c] = a[c] + b[c];
            break;
        }
        case LINEAR: { /* outputs, features, weight, bias, x, target */
            const real *weight = (const real *)o[3], *bias = (const real *)o[4], *x = (const real *)o[5];
            for (int64_t j = 0; j < o[1]; j++, weight += o[2]) {
                real total = bias[j];
                for (int64_t c = 0; c < o[2]; c++) total += weight[c] * x[c];
                ((real *)o[6])[j] = total;
            }
            break;
        }
        case LINEAR_BACK: { /* outputs, features, weight, x, gradient of y, gradients of weight, bias, x */
            const real *weight = (const real *)o[3], *x = (const real *)o[4], *y = (const real *)o[5];
            real *to_weight = (real *)o[6], *to_x = (real *)o[8];
            memset(to_x, 0, o[2] * sizeof(real));
            for (int64_t j = 0; j < o[1]; j++, weight += o[2], to_weight += o[2]) {
                ((real *)o[7])[j] = y[j];
                for (int64_t c = 0; c < o[2]; c++) {
                    to_weight[c] = y[j] * x[c];
                    to_x[c] += y[j] * weight[c];
                }
            }
            break;
        }
        default:
            return 1;
        }
    }
    return 0;
}

/* The length of the gradient, which is cut down to `clip` in place where it is longer (0 for never). */
double grunit_clip(int64_t count, real *gradient, double clip) {
    double part[8] = {0}, total = 0; /* one running sum would wait for itself */
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int c = 0; c < 8; c++) part[c] += (double)gradient[i + c] * gradient[i + c];
    for (; i < count; i++) total += (double)gradient[i] * gradient[i];
    for (int c = 0; c < 8; c++) total += part[c];
    double norm = sqrt(total);
    if (clip > 0 && norm > clip) {
        real scale = (real)(clip / norm);
        for (i = 0; i < count; i++) gradient[i] *= scale;
    }
    return norm;
}

/* Kingma & Ba (2015), algorithm 1; the corrections for the start are in `rate` and `epsilon`. */
void grunit_adam(int64_t count, real *weight, const real *gradient, real *mean, real *square, double beta1, double beta2,
                 double rate, double epsilon) {
    const real b1 = (real)beta1, b2 = (real)beta2, a1 = 1 - b1, a2 = 1 - b2, r = (real)rate, e = (real)epsilon;
    for (int64_t i = 0; i < count; i++) {
        mean[i] = b1 * mean[i] + a1 * gradient[i];
        square[i] = b2 * square[i] + a2 * gradient[i] * gradient[i];
#ifdef REAL_DOUBLE
        weight[i] -= r * mean[i] / (sqrt(square[i]) + e);
#else
        weight[i] -= r * mean[i] / (sqrtf(square[i]) + e);
#endif
    }
}

void grunit_sgd(int64_t count, real *weight, const real *gradient, real *speed, double momentum, double rate) {
    for (int64_t i = 0; i < count; i++) {
        speed[i] = (real)momentum * speed[i] + gradient[i];
        weight[i] -= (real)rate * speed[i];
    }
}

/* RunningScale.update, then RunningScale.transform: `memory` is 0 for all values alike. */
void grunit_scale(int64_t count, const double *values, double memory, double *seen, double *mean, double *variance,
                  double *root, double *out) {
    for (int64_t i = 0; i < count; i++) {
        double value = values[i];
        if (value != value) {
            out[i] = 0;
            continue;
        }
        seen[i] += 1;
        double weight = 1 / seen[i];
        if (memory > 0 && weight < 1 / memory) weight = 1 / memory;
        double away = value - mean[i];
        mean[i] += weight * away;
        variance[i] = (1 - weight) * (variance[i] + weight * away * away);
        root[i] = variance[i] > 0 ? sqrt(variance[i]) : 1;
        double scaled = (value - mean[i]) / root[i];
        out[i] = scaled < -10 ? -10 : scaled > 10 ? 10 : scaled;
    }
}
