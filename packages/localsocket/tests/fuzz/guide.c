/* Tells libFuzzer which edges of C code are reached, where gcc has compiled that with -fsanitize-coverage=trace-pc. */
#include <stdint.h>

#define PLACES 4096

static uint8_t counters[PLACES];
static uintptr_t places[PLACES][2]; /* libFuzzer wants to know where each counter stands; some number will do */

void __sanitizer_cov_8bit_counters_init(uint8_t *begin, uint8_t *end);
void __sanitizer_cov_pcs_init(const uintptr_t *begin, const uintptr_t *end);

/* Hidden, since libFuzzer has one of that name which ends the program. */
__attribute__((visibility("hidden"))) void __sanitizer_cov_trace_pc(void)
{
    uintptr_t edge = (uintptr_t)__builtin_return_address(0);
    counters[(edge ^ edge >> 12) % PLACES]++;
}

__attribute__((constructor)) static void tell(void)
{
    for (unsigned i = 0; i < PLACES; i++)
        places[i][0] = (uintptr_t)&counters[i];
    __sanitizer_cov_8bit_counters_init(counters, counters + PLACES);
    __sanitizer_cov_pcs_init(&places[0][0], &places[PLACES][0]);
}
