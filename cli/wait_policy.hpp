#pragma once

namespace moescope::cli {

/// Makes OpenMP's threads sleep while they wait for one another, unless the environment already
/// says how they wait. libgomp reads this only when it is loaded, so the process starts itself once
/// more; where that cannot be done it goes on as it is. By default each waiting thread spins for
/// milliseconds, which on a machine with other work to do costs many times the computation.
void let_threads_sleep(char** argv);

}  // namespace moescope::cli
