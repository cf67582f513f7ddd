// What handlers have in common: pages, keys, files and JSON.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "coordinator/blobs/blob_store.h"
#include "coordinator/http/message.h"
#include "coordinator/store/records.h"
#include "core/result.h"

namespace pare::coordinator {

Response reply(int status, const nlohmann::ordered_json& document);

inline constexpr std::size_t kLongestKey = 200;  // of an Idempotency-Key

// ?cursor=&limit= of a list; limits are 1 to 1000.
Result<Page> page_of(const Request& request);

// The same page with one entry more, which says whether there is a next one.
Page one_more(Page page);

// {"items": [...], "next"?} of at most `page.limit` entries.
class ListReply {
 public:
  explicit ListReply(const Page& page);
  ~ListReply();

  void add(std::int64_t cursor, const nlohmann::ordered_json& view);
  Response reply() const;

 private:
  int limit_;
  std::int64_t last_ = 0;
  bool more_ = false;
  std::unique_ptr<nlohmann::ordered_json> items_;
};

// A query parameter that is a number of at least 0, if it is there.
Result<std::optional<double>> number_of(const Request& request, const std::string& name);

// One that is a whole number of at least 0.
Result<std::optional<std::int64_t>> whole_of(const Request& request, const std::string& name);

// A query parameter that is true or false; false if it is not there.
Result<bool> flag_of(const Request& request, const std::string& name);

// A path segment that is a number: kNotFound otherwise, for then nothing has it.
Result<std::int64_t> id_of(const Request& request, const std::string& name);

// The Idempotency-Key with what makes two requests the same one; nullopt without the header.
Result<std::optional<Idempotency>> idempotency_of(const Request& request);

// The blob from the disk, or the part of it that Range asks for; `name` is what a browser saves.
Response reply_file(const Request& request, const Blob& blob, const std::string& sha256,
                    const std::string& name = {});

// 403: "job 7" belongs to somebody else than who asks.
Response refuse_owned(const std::string& what, const std::string& owner);

std::string rfc3339(TimePoint time);

}  // namespace pare::coordinator
