#include "host/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string_view>

#include "core/printable.h"

namespace pare::host {
namespace {

class PrintableMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& line) override {
    const std::string text = printable({message.payload.data(), message.payload.size()});
    line.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<PrintableMessage>();
  }
};

}  // namespace

void start_log(const std::string& program) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt(program));
  auto lines = std::make_unique<spdlog::pattern_formatter>();
  lines->add_flag<PrintableMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %*");
  spdlog::set_formatter(std::move(lines));
  spdlog::flush_on(spdlog::level::info);
}

}  // namespace pare::host
