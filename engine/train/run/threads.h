// How many threads torch computes with.
#pragma once

namespace pare::engine {

// `threads` of them (0: one a core), and no more in the matrix library.  Numbers too small for the
// processor's fast path count as 0, in the calling thread and in all of torch's: weights of 1e-42
// make convolutions up to a hundred times slower (pytorch#23862).
void set_threads(int threads);

}  // namespace pare::engine
