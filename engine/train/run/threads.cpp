#include "engine/train/run/threads.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cstdint>
#include <thread>

extern "C" void openblas_set_num_threads(int threads);

namespace pare::engine {

void set_threads(int threads) {
  const int wanted = threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(wanted);
  openblas_set_num_threads(wanted);
  at::parallel_for(0, wanted, 1,
                   [](std::int64_t, std::int64_t) { at::globalContext().setFlushDenormal(true); });
  at::globalContext().setFlushDenormal(true);
}

}  // namespace pare::engine
