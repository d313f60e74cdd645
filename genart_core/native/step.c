/* Whole steps of a text model, drawing included, for CPUs with AVX-512 VNNI.
 *
 * The same bits as the steps in torch: sums of int8 products are exact, and everything else is
 * single IEEE operations on floats in the order of `grid.py`. Compile with -ffp-contract=off.
 *
 * A step is a few phases, one per layer and one for the head. Work within a phase is cut into
 * blocks of 64 outputs, whose weights are read once for all rows. Blocks are taken by one thread
 * from the front and by the others from the back, so that each keeps its share of the weights in
 * its cache, and so that nobody waits for a thread that the system lets rest between two blocks.
 */

#include <stdint.h>

#define GENART_ABI 1

/* One layer or the head: `blocks` of 64 outputs by `inputs`, as int8 [block][input / 4][output][4].
 * `start` is -128 times the sum of an output's weights, as hidden states are stored plus 128. */
struct matrix {
    const int8_t *weights;
    const int32_t *start;
    const float *scale;
    const float *vector; /* added to the scaled sums; NULL: a row of the model's table */
    int64_t inputs;
    int64_t blocks;
};

struct model {
    const struct matrix *layers;
    const struct matrix *head;
    const float *table; /* (tokens, 4 * hidden) */
    int64_t count;      /* of layers */
    int64_t hidden;
    int64_t tokens;
    int64_t width; /* of logits: tokens, padded */
};

/* What rows have in hand. `h` is 127 times the hidden state, rounded, plus 128. */
struct desk {
    uint8_t *h;     /* (rows, layers, hidden) */
    uint8_t *h_new; /* the same, to write to */
    float *c;       /* (layers, rows, hidden), times 1024 */
    float *logits;  /* (rows, width) */
    int64_t *ids;   /* (rows), tokens to read */
    int64_t rows;
};

/* `steps` steps in a row. Of prompts (steps, rows) what is not negative is read instead of what was
 * drawn; the others are (steps, rows, width), but `drawn` (steps, rows) and `sharpness` (rows). */
struct walk {
    int64_t steps;
    const int64_t *prompts;
    const float *sharpness;
    const float *noise;
    float *scores;
    int64_t *drawn;
};

enum { DONE = 0, UNABLE = 1, BAD_TOKEN = 2 };

#if defined(__x86_64__) && defined(__linux__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define UNROLL _Pragma("GCC unroll 8") /* or sums would not stay in registers */
#define INLINE AVX512 static inline __attribute__((always_inline))

enum { OUTPUTS = 64, LANES = 16, GROUPS = OUTPUTS / LANES, STRETCH = 256 };
enum { MOST_ROWS = 32, MOST_AT_ONCE = 6, MOST_THREADS = 16, SPINS = 4096 };

static const float zero_place = 8192.0f, last_place = 16384.5f, per_unit = 1024.0f;

int genart_text_abi(void) { return GENART_ABI; }

int genart_text_is_able(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
}

/* tanh of numbers in units of the grid, `zero_place` + 1/2 added: see `grid.py`. */
INLINE __m512 tanh_of(__m512 place) {
    const __m512 one = _mm512_set1_ps(1.0f);
    place = _mm512_min_ps(_mm512_max_ps(place, _mm512_setzero_ps()), _mm512_set1_ps(last_place));
    place = _mm512_roundscale_ps(place, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    __m512 x = _mm512_sub_ps(place, _mm512_set1_ps(zero_place));
    x = _mm512_mul_ps(x, _mm512_set1_ps(1.0f / 1024.0f));
    __m512 square = _mm512_mul_ps(x, x);
    __m512 p = _mm512_set1_ps(3.4113845561010196e-06f);
    p = _mm512_add_ps(_mm512_mul_ps(p, square), _mm512_set1_ps(0.002160273273200441f));
    p = _mm512_add_ps(_mm512_mul_ps(p, square), _mm512_set1_ps(0.12167324419179298f));
    p = _mm512_add_ps(_mm512_mul_ps(p, square), _mm512_set1_ps(0.9999889602106898f));
    __m512 q = _mm512_set1_ps(0.00013000998564823078f);
    q = _mm512_add_ps(_mm512_mul_ps(q, square), _mm512_set1_ps(0.020517287067387136f));
    q = _mm512_add_ps(_mm512_mul_ps(q, square), _mm512_set1_ps(0.45497145342221573f));
    q = _mm512_add_ps(_mm512_mul_ps(q, square), one);
    __m512 ratio = _mm512_div_ps(_mm512_mul_ps(x, p), q);
    return _mm512_min_ps(_mm512_max_ps(ratio, _mm512_set1_ps(-1.0f)), one);
}

INLINE __m512 sigmoid_of(__m512 place) {
    const __m512 half = _mm512_set1_ps(0.5f);
    return _mm512_add_ps(_mm512_mul_ps(tanh_of(place), half), half); /* the product is exact */
}

/* Adds to the sums of `rows` rows the products of `count` inputs, which lie `stride` apart. */
INLINE void multiply(int rows, __m512i *sums, const int8_t *weights, const uint8_t *inputs,
                     int64_t stride, int64_t count) {
    __m512i total[MOST_AT_ONCE][GROUPS];
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
        for (int g = 0; g < GROUPS; g++)
            total[r][g] = sums[r * GROUPS + g];
    for (int64_t k = 0; k < count; k += 4) {
        __m512i column[GROUPS];
        UNROLL
        for (int g = 0; g < GROUPS; g++)
            column[g] = _mm512_load_si512((const void *)(weights + k * OUTPUTS + g * 4 * LANES));
        UNROLL
        for (int r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, inputs + r * stride + k, 4);
            __m512i x = _mm512_set1_epi32(four);
            UNROLL
            for (int g = 0; g < GROUPS; g++)
                total[r][g] = _mm512_dpbusd_epi32(total[r][g], x, column[g]);
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
        for (int g = 0; g < GROUPS; g++)
            sums[r * GROUPS + g] = total[r][g];
}

/* The same for any number of rows, a stretch of weights that the first cache holds at a time. */
AVX512 static void multiply_all(int64_t rows, __m512i *sums, const int8_t *weights,
                                const uint8_t *inputs, int64_t stride, int64_t count) {
    const int64_t most = rows > MOST_AT_ONCE ? STRETCH : count;
    for (int64_t k = 0; k < count; k += most) {
        const int64_t here = count - k < most ? count - k : most;
        const int8_t *w = weights + k * OUTPUTS;
        for (int64_t r = 0; r < rows;) {
            const int64_t left = rows - r, parts = (left + MOST_AT_ONCE - 1) / MOST_AT_ONCE;
            const int64_t part = (left + parts - 1) / parts; /* 8 as 4 + 4, not as 6 + 2 */
            const uint8_t *x = inputs + r * stride + k;
            switch (part) {
            case 1: multiply(1, sums + r * GROUPS, w, x, stride, here); break;
            case 2: multiply(2, sums + r * GROUPS, w, x, stride, here); break;
            case 3: multiply(3, sums + r * GROUPS, w, x, stride, here); break;
            case 4: multiply(4, sums + r * GROUPS, w, x, stride, here); break;
            case 5: multiply(5, sums + r * GROUPS, w, x, stride, here); break;
            default: multiply(6, sums + r * GROUPS, w, x, stride, here); break;
            }
            r += part;
        }
    }
}

INLINE __m512 scaled(__m512i sum, const float *scale, const float *vector) {
    __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(scale));
    return _mm512_add_ps(product, _mm512_loadu_ps(vector));
}

/* 16 hidden units of a row, from their sums. */
AVX512 static void units(const struct model *model, const struct desk *desk, int64_t layer,
                         int64_t block, int64_t row, const __m512i *sums) {
    const struct matrix *m = model->layers + layer;
    const int64_t hidden = model->hidden, at = block * LANES;
    const float *scale = m->scale + block * OUTPUTS;
    const float *vector = m->vector ? m->vector : model->table + desk->ids[row] * 4 * hidden;
    __m512 i = sigmoid_of(scaled(sums[0], scale, vector + at));
    __m512 f = sigmoid_of(scaled(sums[1], scale + LANES, vector + hidden + at));
    __m512 o = sigmoid_of(scaled(sums[2], scale + 2 * LANES, vector + 2 * hidden + at));
    __m512 g = tanh_of(scaled(sums[3], scale + 3 * LANES, vector + 3 * hidden + at));
    g = _mm512_mul_ps(g, _mm512_set1_ps(per_unit));
    float *state = desk->c + (layer * desk->rows + row) * hidden + at;
    __m512 c = _mm512_mul_ps(_mm512_loadu_ps(state), f);
    c = _mm512_add_ps(c, _mm512_mul_ps(i, g));
    _mm512_storeu_ps(state, c);
    __m512 t = tanh_of(_mm512_add_ps(c, _mm512_set1_ps(zero_place + 0.5f)));
    __m512 h = _mm512_mul_ps(_mm512_mul_ps(t, _mm512_set1_ps(127.0f)), o);
    __m512i whole = _mm512_cvt_roundps_epi32(h, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    whole = _mm512_add_epi32(whole, _mm512_set1_epi32(128));
    uint8_t *out = desk->h_new + (row * model->count + layer) * hidden + at;
    _mm_storeu_si128((void *)out, _mm512_cvtepi32_epi8(whole));
}

/* 64 logits of a row, from their sums. */
AVX512 static void outputs(const struct model *model, const struct desk *desk, int64_t block,
                           int64_t row, const __m512i *sums) {
    const struct matrix *m = model->head;
    for (int g = 0; g < GROUPS; g++) {
        const int64_t at = block * OUTPUTS + g * LANES;
        __m512 logits = scaled(sums[g], m->scale + at, m->vector + at);
        _mm512_storeu_ps(desk->logits + row * model->width + at, logits);
    }
}

/* One block of a phase for all rows. */
AVX512 static void one_block(const struct model *model, const struct desk *desk, int64_t phase,
                             int64_t block) {
    const int is_head = phase == model->count;
    const struct matrix *m = is_head ? model->head : model->layers + phase;
    const int64_t hidden = model->hidden, stride = model->count * hidden;
    __m512i sums[MOST_ROWS * GROUPS];
    for (int64_t first = 0; first < desk->rows; first += MOST_ROWS) {
        const int64_t left = desk->rows - first, rows = left < MOST_ROWS ? left : MOST_ROWS;
        const int64_t below = first * stride + (phase - 1) * hidden;
        const int8_t *weights = m->weights + block * OUTPUTS * m->inputs;
        for (int64_t n = 0; n < rows * GROUPS; n++)
            sums[n] = _mm512_load_si512(
                (const void *)(m->start + block * OUTPUTS + n % GROUPS * LANES));
        if (phase > 0) {
            multiply_all(rows, sums, weights, desk->h_new + below, stride, hidden);
            weights += OUTPUTS * hidden;
        }
        if (!is_head)
            multiply_all(rows, sums, weights, desk->h + below + hidden, stride, hidden);
        for (int64_t r = 0; r < rows; r++)
            if (is_head)
                outputs(model, desk, block, first + r, sums + r * GROUPS);
            else
                units(model, desk, phase, block, first + r, sums + r * GROUPS);
    }
}

/* Work that threads share. `claim` is the phase's number in 32 bits, then the first and the last
 * but one of the blocks that nobody has taken, in 16 bits each. Only who leads begins a phase, when
 * all blocks of the one before are done, so what a claim was read from is still the current one as
 * long as a block of it is in hand. */
struct shared {
    const struct model *model;
    struct desk *desk;
    int64_t phase;
    _Alignas(64) _Atomic uint64_t claim;
    _Alignas(64) _Atomic int64_t done;
    _Alignas(64) _Atomic int is_over;
};

/* Takes blocks until none is left: a quarter of the rest at once, from the front or from the back.
 * Returns the claim that it found in the end. */
static uint64_t take(struct shared *shared, int is_leader) {
    uint64_t claim = atomic_load_explicit(&shared->claim, memory_order_acquire);
    for (;;) {
        int64_t low = (int64_t)(claim >> 16 & 0xffff), high = (int64_t)(claim & 0xffff);
        if (low >= high)
            return claim;
        int64_t count = (high - low + 3) / 4;
        uint64_t rest = is_leader ? claim + ((uint64_t)count << 16) : claim - (uint64_t)count;
        if (!atomic_compare_exchange_weak_explicit(&shared->claim, &claim, rest,
                                                   memory_order_acq_rel, memory_order_acquire))
            continue;
        int64_t first = is_leader ? low : high - count;
        for (int64_t block = first; block < first + count; block++)
            one_block(shared->model, shared->desk, shared->phase, block);
        atomic_fetch_add_explicit(&shared->done, count, memory_order_release);
        claim = atomic_load_explicit(&shared->claim, memory_order_acquire);
    }
}

static void pause_at(int spin) {
    if (spin % SPINS == SPINS - 1)
        sched_yield(); /* somebody else may need this core to go on */
    else
        _mm_pause();
}

static void *help(void *argument) {
    struct shared *shared = argument;
    int spin = 0;
    while (!atomic_load_explicit(&shared->is_over, memory_order_acquire)) {
        uint64_t claim = take(shared, 0);
        for (; atomic_load_explicit(&shared->claim, memory_order_acquire) == claim &&
               !atomic_load_explicit(&shared->is_over, memory_order_acquire);
             spin = (spin + 1) % SPINS)
            pause_at(spin);
    }
    return NULL;
}

static void lead(struct shared *shared, int64_t phase, int64_t blocks) {
    uint64_t number = atomic_load_explicit(&shared->claim, memory_order_relaxed) >> 32;
    shared->phase = phase;
    atomic_store_explicit(&shared->done, 0, memory_order_relaxed);
    uint64_t claim = ((number + 1) & 0xffffffff) << 32 | (uint64_t)blocks;
    atomic_store_explicit(&shared->claim, claim, memory_order_release);
    take(shared, 1);
    for (int spin = 0; atomic_load_explicit(&shared->done, memory_order_acquire) < blocks;
         spin = (spin + 1) % SPINS)
        pause_at(spin);
}

static void step(struct shared *shared) {
    const struct model *model = shared->model;
    struct desk *desk = shared->desk;
    for (int64_t n = 0; n < model->count; n++)
        lead(shared, n, model->layers[n].blocks);
    lead(shared, model->count, model->head->blocks);
    uint8_t *before = desk->h;
    desk->h = desk->h_new;
    desk->h_new = before;
}

/* The place of the first maximum of logits * sharpness + noise; the products go to `scores`. */
AVX512 static int64_t draw(const float *logits, float sharpness, const float *noise, float *scores,
                           int64_t width) {
    __m512 best = _mm512_set1_ps(-__builtin_inff()), by = _mm512_set1_ps(sharpness);
    __m512i places = _mm512_setzero_si512();
    __m512i here = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int64_t k = 0; k < width; k += LANES) {
        __m512 score = _mm512_mul_ps(_mm512_loadu_ps(logits + k), by);
        _mm512_storeu_ps(scores + k, score);
        __m512 lifted = _mm512_add_ps(score, _mm512_loadu_ps(noise + k));
        __mmask16 better = _mm512_cmp_ps_mask(lifted, best, _CMP_GT_OQ);
        best = _mm512_mask_mov_ps(best, better, lifted);
        places = _mm512_mask_mov_epi32(places, better, here);
        here = _mm512_add_epi32(here, _mm512_set1_epi32(LANES));
    }
    __mmask16 highest = _mm512_cmp_ps_mask(best, _mm512_set1_ps(_mm512_reduce_max_ps(best)), _CMP_EQ_OQ);
    return highest ? (int64_t)_mm512_mask_reduce_min_epu32(highest, places) : 0;
}

static int are_tokens(const int64_t *ids, int64_t count, int64_t tokens, int64_t least) {
    for (int64_t i = 0; i < count; i++)
        if (ids[i] < least || ids[i] >= tokens)
            return 0;
    return 1;
}

static int64_t start_helpers(struct shared *shared, pthread_t *helpers, int64_t count) {
    sigset_t all, before;
    int64_t started = 0;
    sigfillset(&all); /* signals are for the threads that were there */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < count && pthread_create(helpers + started, NULL, help, shared) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void settle(struct desk *desk, const struct model *model, uint8_t *h) {
    if (desk->h != h) { /* after an odd number of steps */
        uint8_t *other = desk->h;
        memcpy(h, other, (size_t)(desk->rows * model->count * model->hidden));
        desk->h = h;
        desk->h_new = other;
    }
}

/* One step; reads `desk->ids` and writes `desk->logits`. */
int genart_text_step(const struct model *model, struct desk *desk) {
    struct shared shared = {.model = model, .desk = desk};
    if (!are_tokens(desk->ids, desk->rows, model->tokens, 0))
        return BAD_TOKEN;
    uint8_t *h = desk->h;
    step(&shared);
    settle(desk, model, h);
    return DONE;
}

/* Steps with drawing, on up to `threads` threads. In the end `desk->ids` was drawn last. */
int genart_text_walk(const struct model *model, struct desk *desk, const struct walk *walk,
                     int64_t threads) {
    struct shared shared = {.model = model, .desk = desk};
    pthread_t helpers[MOST_THREADS];
    const int64_t rows = desk->rows, width = model->width;
    if (!are_tokens(desk->ids, rows, model->tokens, 0) ||
        !are_tokens(walk->prompts, walk->steps * rows, model->tokens, INT64_MIN))
        return BAD_TOKEN;
    int64_t count = threads > MOST_THREADS ? MOST_THREADS : threads - 1;
    int64_t started = count > 0 ? start_helpers(&shared, helpers, count) : 0;
    uint8_t *h = desk->h;
    int result = DONE;
    for (int64_t k = 0; k < walk->steps && result == DONE; k++) {
        for (int64_t r = 0; r < rows; r++)
            if (walk->prompts[k * rows + r] >= 0)
                desk->ids[r] = walk->prompts[k * rows + r];
        step(&shared);
        for (int64_t r = 0; r < rows; r++) {
            int64_t at = (k * rows + r) * width;
            desk->ids[r] = draw(desk->logits + r * width, walk->sharpness[r], walk->noise + at,
                                walk->scores + at, width);
            walk->drawn[k * rows + r] = desk->ids[r];
        }
        if (!are_tokens(desk->ids, rows, model->tokens, 0))
            result = BAD_TOKEN;
    }
    atomic_store_explicit(&shared.is_over, 1, memory_order_release);
    for (int64_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    settle(desk, model, h);
    return result;
}

#else

int genart_text_abi(void) { return GENART_ABI; }
int genart_text_is_able(void) { return 0; }
int genart_text_step(const struct model *model, struct desk *desk) {
    (void)model, (void)desk;
    return UNABLE;
}
int genart_text_walk(const struct model *model, struct desk *desk, const struct walk *walk,
                     int64_t threads) {
    (void)model, (void)desk, (void)walk, (void)threads;
    return UNABLE;
}

#endif
