// The requests that were answered, counted and timed, for Prometheus (client library:
// prometheus-cpp).
//
// A route is named by its pattern and a method by the route's, so that nobody who asks can make
// more series than there are routes and statuses.  Thread-safe.
#pragma once

#include <prometheus/registry.h>

#include <chrono>
#include <string>
#include <vector>

namespace pare::coordinator {

class RequestMetrics {
 public:
  using Seconds = std::chrono::duration<double>;

  RequestMetrics();

  void answered(const std::string& method, const std::string& route, int status, Seconds took);
  // Before its body was read, and for whatever reason.
  void refused(int status);

  std::vector<prometheus::MetricFamily> collect() const { return registry_.Collect(); }

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& seconds_;
};

}  // namespace pare::coordinator
