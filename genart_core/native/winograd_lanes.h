/* The part of `winograd.c` that is compiled once for each width of vectors: TARGET are the
 * instructions, LANES the floats of a vector, NAME gives a name of its own. */

#define INLINE TARGET static inline __attribute__((always_inline))

typedef float NAME(vec) __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t NAME(mask) __attribute__((vector_size(4 * LANES)));
typedef uint32_t NAME(bits) __attribute__((vector_size(4 * LANES)));
typedef uint16_t NAME(half) __attribute__((vector_size(2 * LANES), aligned(2), may_alias));
#define vec NAME(vec)

INLINE vec NAME(load)(const float *from) { return *(const vec *)from; }

INLINE void NAME(store)(float *to, vec value) { *(vec *)to = value; }

/* The values of a picture from `place` on, whichever type they have there. */
INLINE vec NAME(load_any)(const char *from, int64_t place, int is_half) {
    if (!is_half)
        return NAME(load)((const float *)from + place);
    const NAME(half) halves = *(const NAME(half) *)(from + 2 * place);
    return (vec)(__builtin_convertvector(halves, NAME(bits)) << 16);
}

/* bfloat16 is the upper half of a float32; to the nearest, to even where there are two. */
INLINE void NAME(store_any)(char *to, int64_t place, vec value, int is_half) {
    if (!is_half) {
        NAME(store)((float *)to + place, value);
        return;
    }
    const NAME(bits) bits = (NAME(bits))value, is_none = (NAME(bits))(value != value);
    const NAME(bits) rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const NAME(bits) kept = (is_none & 0x7fc0) | (~is_none & rounded);
    *(NAME(half) *)(to + 2 * place) = __builtin_convertvector(kept, NAME(half));
}

/* `value` where `sign` is positive, elsewhere `leak` times as much. */
INLINE vec NAME(rectified)(vec sign, vec value, float leak) {
    const NAME(mask) positive = sign > 0.0f;
    const vec less = value * leak;
    return (vec)((positive & (NAME(mask))value) | (~positive & (NAME(mask))less));
}

/* B^T d of figure 4 of 2, for the points 0, 1, -1, 2, -2 and infinity. */
INLINE void NAME(transform_in)(vec to[SIDE], const vec d[SIDE]) {
    const vec even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
    const vec far_even = d[4] - d[2], far_odd = 2.0f * (d[3] - d[1]);
    to[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = far_even + far_odd;
    to[4] = far_even - far_odd;
    to[5] = 4.0f * d[1] - 5.0f * d[3] + d[5];
}

/* A^T m. */
INLINE void NAME(transform_out)(vec to[OUT], const vec m[SIDE]) {
    const vec near = m[1] + m[2], near_odd = m[1] - m[2];
    const vec far = m[3] + m[4], far_odd = m[3] - m[4];
    to[0] = m[0] + near + far;
    to[1] = near_odd + 2.0f * far_odd;
    to[2] = near + 4.0f * far;
    to[3] = near_odd + 8.0f * far_odd + m[5];
}

/* Where the 6x6 inputs of a tile lie, those beyond the picture being `zeros`. */
TARGET static void NAME(find)(const struct shared *all, int64_t tile, const char *picture,
                              const char *zeros, const char *at[POINTS]) {
    const struct convolution *job = all->job;
    const int64_t top = tile / all->across % all->down * OUT - 1;
    const int64_t left = tile % all->across * OUT - 1;
    const int64_t size = job->inputs * (job->is_half ? 2 : 4);
    const int64_t number = tile / (all->across * all->down);
    const char *first = picture + number * job->height * job->width * size;
    for (int64_t y = 0; y < SIDE; y++)
        for (int64_t x = 0; x < SIDE; x++) {
            const int64_t i = top + y, j = left + x;
            const int is_within = i >= 0 && i < job->height && j >= 0 && j < job->width;
            at[SIDE * y + x] = is_within ? first + (i * job->width + j) * size : zeros;
        }
}

INLINE void NAME(read_tile)(const struct shared *all, int64_t tile, const char *zeros, float *to,
                            int is_half) {
    const struct convolution *job = all->job;
    const char *at[POINTS], *signs[POINTS];
    NAME(find)(all, tile, job->x, zeros, at);
    if (job->mask)
        NAME(find)(all, tile, job->mask, zeros, signs);
    for (int64_t k = 0; k < job->inputs; k += LANES) {
        vec half[SIDE][SIDE], d[SIDE], column[SIDE];
        UNROLL
        for (int x = 0; x < SIDE; x++) {
            UNROLL
            for (int y = 0; y < SIDE; y++)
                d[y] = NAME(load_any)(at[SIDE * y + x], k, is_half);
            if (job->mask)
                UNROLL
                for (int y = 0; y < SIDE; y++)
                    d[y] = NAME(rectified)(NAME(load_any)(signs[SIDE * y + x], k, is_half), d[y],
                                           job->leak);
            NAME(transform_in)(column, d);
            UNROLL
            for (int y = 0; y < SIDE; y++)
                half[y][x] = column[y];
        }
        UNROLL
        for (int y = 0; y < SIDE; y++) {
            NAME(transform_in)(d, half[y]);
            UNROLL
            for (int x = 0; x < SIDE; x++)
                NAME(store)(to + (SIDE * y + x) * all->plane_in + k, d[x]);
        }
    }
}

INLINE void NAME(write_tile)(const struct shared *all, int64_t tile, const float *from,
                             int is_half) {
    const struct convolution *job = all->job;
    const int64_t top = tile / all->across % all->down * OUT, left = tile % all->across * OUT;
    const int64_t picture = tile / (all->across * all->down);
    const int64_t rows = job->height - top < OUT ? job->height - top : OUT;
    const int64_t columns = job->width - left < OUT ? job->width - left : OUT;
    const int64_t place = ((picture * job->height + top) * job->width + left) * job->outputs;
    const float leak = job->mask ? 1.0f : job->leak;
    for (int64_t k = 0; k < job->outputs; k += LANES) {
        const vec bias = job->bias ? NAME(load)(job->bias + k) : (vec){0};
        vec half[OUT][SIDE], m[SIDE], column[OUT];
        UNROLL
        for (int x = 0; x < SIDE; x++) {
            UNROLL
            for (int y = 0; y < SIDE; y++)
                m[y] = NAME(load)(from + (SIDE * y + x) * all->plane_out + k);
            NAME(transform_out)(column, m);
            UNROLL
            for (int y = 0; y < OUT; y++)
                half[y][x] = column[y];
        }
        UNROLL
        for (int y = 0; y < OUT; y++) {
            NAME(transform_out)(column, half[y]);
            UNROLL
            for (int x = 0; x < OUT; x++)
                if (y < rows && x < columns) {
                    const vec value = column[x] + bias;
                    NAME(store_any)(job->y, place + (y * job->width + x) * job->outputs + k,
                                    NAME(rectified)(value, value, leak), is_half);
                }
        }
    }
}

/* One loop for each type, as the type is asked for in its midst. */
TARGET static void NAME(read)(const struct shared *all, int64_t tile, const char *zeros,
                              float *to) {
    if (all->job->is_half)
        NAME(read_tile)(all, tile, zeros, to, 1);
    else
        NAME(read_tile)(all, tile, zeros, to, 0);
}

TARGET static void NAME(write)(const struct shared *all, int64_t tile, const float *from) {
    if (all->job->is_half)
        NAME(write_tile)(all, tile, from, 1);
    else
        NAME(write_tile)(all, tile, from, 0);
}

/* AVX-512 has 32 registers, AVX2 16: what is summed up at once has to fit in. */
enum { NAME(ROWS) = LANES == 16 ? ROWS : ROWS / 2, NAME(WIDE) = 2 * LANES };

/* `ROWS` rows of inputs times a panel of weights. */
INLINE void NAME(multiply)(const float *x, int64_t row_in, const float *weights, int64_t count,
                           float *y, int64_t row_out) {
    vec sums[NAME(ROWS)][2];
    UNROLL
    for (int r = 0; r < NAME(ROWS); r++)
        sums[r][0] = sums[r][1] = (vec){0};
    for (int64_t k = 0; k < count; k++) {
        const vec first = NAME(load)(weights + k * PANEL);
        const vec second = NAME(load)(weights + k * PANEL + LANES);
        UNROLL
        for (int r = 0; r < NAME(ROWS); r++) {
            sums[r][0] += x[r * row_in + k] * first;
            sums[r][1] += x[r * row_in + k] * second;
        }
    }
    UNROLL
    for (int r = 0; r < NAME(ROWS); r++) {
        NAME(store)(y + r * row_out, sums[r][0]);
        NAME(store)(y + r * row_out + LANES, sums[r][1]);
    }
}

TARGET static void NAME(multiply_all)(const struct shared *all, const float *in, float *out,
                                      int64_t count) {
    const int64_t inputs = all->job->inputs, outputs = up(all->job->outputs, PANEL);
    for (int64_t point = 0; point < POINTS; point++)
        for (int64_t o = 0; o < outputs; o += NAME(WIDE)) {
            const float *panel = all->job->weights + (point * outputs + o / PANEL * PANEL) * inputs;
            const float *x = in + point * all->plane_in;
            float *y = out + point * all->plane_out + o;
            for (int64_t t = 0; t < count; t += NAME(ROWS))
                NAME(multiply)(x + t * all->row_in, all->row_in, panel + o % PANEL, inputs,
                               y + t * all->row_out, all->row_out);
        }
}

/* Takes chunks until there is none left. */
TARGET static void NAME(work)(struct shared *all, float *desk) {
    float *in = desk, *out = in + POINTS * all->plane_in;
    const char *zeros = (const char *)(out + POINTS * all->plane_out);
    for (;;) {
        const int64_t first = atomic_fetch_add(&all->next, all->chunk);
        if (first >= all->tiles)
            return;
        const int64_t left = all->tiles - first, count = left < all->chunk ? left : all->chunk;
        for (int64_t t = 0; t < count; t++)
            NAME(read)(all, first + t, zeros, in + t * all->row_in);
        NAME(multiply_all)(all, in, out, count);
        for (int64_t t = 0; t < count; t++)
            NAME(write)(all, first + t, out + t * all->row_out);
    }
}

#undef vec
#undef INLINE
