#include "cli/command.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "cli/format.h"
#include "cli/output_file.h"
#include "host/token.h"

namespace pare::cli {

using nlohmann::json;

namespace {

void complain(const std::string& message) {
  say_aside("pare: " + message);
}

}  // namespace

void say_aside(const std::string& line) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", printable(line).c_str());
}

Exit report(const Error& error) {
  complain(error.message);
  const bool later = is_retryable(error.code) || error.code == ErrorCode::kInternal;
  return later ? Exit::kUnreachable : Exit::kRefused;
}

Exit report_usage(const Error& error) {
  complain(error.message);
  return Exit::kUsage;
}

std::string number_of_a_job(const std::string& word) {
  const bool number = !word.empty() && word.size() < 19 && word[0] != '0' &&
                      std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  return number ? "" : "'" + word + "' is not the number of a job";
}

void draw(const std::string& codes) {
  std::fwrite(codes.data(), 1, codes.size(), stdout);
  std::fflush(stdout);
}

void print(const std::string& text) {
  draw(printable(text));
}

void print_json(const json& document) {
  print(document.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

Service::Progress upload_progress(const Common& common, const std::string& what) {
  if (!common.tty || common.json) return [](Bytes, Bytes) {};
  return [what](Bytes done, Bytes total) {
    const double share = static_cast<double>(done.count) / static_cast<double>(total.count);
    draw("\r");
    print(what + " " + bar(share, 24) + " " + byte_size(static_cast<double>(done.count)) +
          (done == total ? "\n" : ""));
  };
}

Exit show(const Common& common, const Result<json>& reply,
          const std::function<std::string(const json&)>& view) {
  if (!reply) return report(reply.error());
  if (common.json) {
    print_json(reply.value());
  } else {
    print(view(reply.value()));
  }
  return Exit::kOk;
}

Exit with_service(const Common& common, const std::function<Exit(const Service&)>& body) {
  const auto token = host::service_token();
  if (!token) return report_usage(token.error());
  const auto service = Service::at(common.url, token.value());
  return service ? body(service.value()) : report_usage(service.error());
}

Exit download_to(const Service& service, const std::string& route, const std::string& sha256,
                 const std::string& file, Bytes& size) {
  auto created = OutputFile::create(file);
  if (!created) return report_usage(created.error());
  OutputFile out = std::move(created).value();
  const auto came = service.download(route, sha256, out);
  if (out.failed()) return report_usage(out.failure());
  if (!came) return report(came.error());
  if (const auto kept = out.keep(); !kept) return report_usage(kept.error());
  size = came.value();
  return Exit::kOk;
}

bool is_file(const std::string& name) noexcept {
  std::error_code error;
  return std::filesystem::exists(name, error) && !error;
}

Result<bool> can_read(const std::string& file) {
  std::error_code error;
  const auto there = std::filesystem::status(file, error);
  if (!error && std::filesystem::is_directory(there)) {
    return Error{ErrorCode::kNotFound, "cannot read " + file + ": it is a folder"};
  }
  errno = 0;
  if (std::ifstream(file, std::ios::binary)) return true;
  return Error{ErrorCode::kNotFound, "cannot open " + file + ": " + std::strerror(errno)};
}

Result<json> read_json_file(const std::string& file) {
  if (const auto readable = can_read(file); !readable) return readable.error();
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    return Error{ErrorCode::kInvalidArgument,
                 file + " is no JSON from byte " + std::to_string(error.byte) + " on"};
  } catch (const json::exception& error) {
    return Error{ErrorCode::kInvalidArgument, file + ": " + error.what()};
  }
}

std::string program_beside(const std::string& name) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = own.parent_path() / name;
  return !error && std::filesystem::exists(beside) ? beside.string() : name;
}

}  // namespace pare::cli
