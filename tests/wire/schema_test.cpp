// What the decoders take and the encoders make, held against the schemas that stand beside them.
#include "wire/schema.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tests/support/json_schema.h"
#include "tests/wire/random_documents.h"
#include "wire/check_json.h"
#include "wire/job_json.h"
#include "wire/measurement_json.h"
#include "wire/plan_json.h"
#include "wire/preprocessing_json.h"
#include "wire/summary_json.h"
#include "wire/target_json.h"
#include "wire/training_json.h"

namespace pare::wire {
namespace {

using nlohmann::json;

constexpr int kDocuments = 200;

std::string why_not(const Schema& schema, const json& document) {
  return JsonSchema(schema.json(), schema.parts()).why_not(document);
}

template <typename Make>
void expect_all(const Schema& schema, Make make) {
  const JsonSchema checked(schema.json(), schema.parts());
  RandomDocuments random(1);
  for (int i = 0; i < kDocuments; ++i) {
    const json document = make(random);
    ASSERT_EQ(checked.why_not(document), "") << document;
  }
}

TEST(Schema, whatever_an_encoder_writes_is_what_its_schema_says) {
  using Random = RandomDocuments;
  expect_all(schema::object(job_fields(Side::kAnswered)),
             [](Random& r) { return job_value(r.job()); });
  expect_all(new_job_schema(), [](Random& r) { return job_value(r.job()); });
  expect_all(plan_schema(), [](Random& r) { return json::parse(plan_to_json(r.plan())); });
  expect_all(schema::object(target_fields(Side::kAnswered)),
             [](Random& r) { return json::parse(target_to_json(r.target())); });
  expect_all(card_schema(Side::kAnswered),
             [](Random& r) { return json::parse(card_to_json(r.card())); });
  expect_all(card_schema(Side::kAsked),
             [](Random& r) { return json::parse(card_to_json(r.partial_card())); });
  expect_all(summary_schema(), [](Random& r) { return json::parse(summary_to_json(r.summary())); });
  expect_all(device_check_schema(), [](Random& r) { return device_check_value(r.device_check()); });
  expect_all(training_schema(), [](Random& r) { return training_value(r.training()); });
  expect_all(preprocessing_trial_schema(),
             [](Random& r) { return preprocessing_trial_value(r.preprocessing_trial()); });
  expect_all(measurement_schema(), [](Random& r) {
    json value = measurement_value(r.benchmark());
    value.erase("samples_ms");
    value.erase("layers_ms");
    return value;
  });
  expect_all(build_schema(),
             [](Random& r) { return json::parse(result_to_json(r.result(TaskKind::kBuild))); });
  expect_all(compare_schema(),
             [](Random& r) { return json::parse(result_to_json(r.result(TaskKind::kCompare))); });
}

// All places in a document.
void collect(json& value, std::vector<json*>& places) {
  places.push_back(&value);
  for (json& inner : value) {
    if (value.is_structured()) collect(inner, places);
  }
}

// The document with one thing in it changed, as a program that is wrong would have it.
json damaged(json document, RandomDocuments& random) {
  static const std::vector<json> kOdd = {
      nullptr, true, -1, 0, 1, 2.5, 1e12, "", "odd", "none", json::array(), json::object()};
  std::vector<json*> places;
  collect(document, places);
  json& place = *places[static_cast<std::size_t>(random.whole(0, int(places.size()) - 1))];
  switch (random.whole(0, 2)) {
    case 0: place = kOdd[static_cast<std::size_t>(random.whole(0, int(kOdd.size()) - 1))]; break;
    case 1:
      if (place.is_object()) place["odd"] = 1;
      break;
    default:
      if (place.is_object() && !place.empty()) {
        auto at = place.begin();
        std::advance(at, random.whole(0, int(place.size()) - 1));
        place.erase(at);
      }
  }
  return document;
}

struct Seen {
  int both_refused = 0;
  int decoder_alone = 0;  // what the schema cannot say
};

template <typename Make, typename Takes>
Seen damage(const Schema& schema, Make make, Takes takes) {
  const JsonSchema checked(schema.json(), schema.parts());
  RandomDocuments random(2);
  Seen seen;
  for (int i = 0; i < 20 * kDocuments; ++i) {
    const json document = damaged(make(random), random);
    const std::string why = checked.why_not(document);
    if (takes(document.dump())) {
      EXPECT_EQ(why, "") << document;
    } else {
      ++(why.empty() ? seen.decoder_alone : seen.both_refused);
    }
  }
  return seen;
}

TEST(Schema, what_a_decoder_takes_its_schema_takes_and_nearly_all_that_it_refuses_it_refuses) {
  using Random = RandomDocuments;
  const std::vector<Seen> all = {
      damage(
          new_job_schema(), [](Random& r) { return job_value(r.job()); },
          [](const std::string& text) { return parse_new_job(text).has_value(); }),
      damage(
          plan_schema(), [](Random& r) { return json::parse(plan_to_json(r.plan())); },
          [](const std::string& text) { return parse_plan(text).has_value(); }),
      damage(
          new_target_schema(), [](Random& r) { return json::parse(target_to_json(r.target())); },
          [](const std::string& text) { return parse_target(text).has_value(); }),
      damage(
          card_schema(Side::kAsked),
          [](Random& r) { return json::parse(card_to_json(r.partial_card())); },
          [](const std::string& text) { return parse_partial_card(text).has_value(); }),
  };
  for (const Seen& seen : all) {
    EXPECT_GT(seen.both_refused, 20 * seen.decoder_alone)
        << seen.both_refused << " and " << seen.decoder_alone;
  }
}

TEST(Schema, a_job_that_says_little_or_null_is_one_that_can_be_posted) {
  const Schema schema = new_job_schema();
  json job = {{"model", "m"}, {"dataset", "d"}, {"targets", {"t"}}};
  EXPECT_EQ(why_not(schema, job), "");
  job["transfer"] = nullptr;
  job["space"] = {{"width", nullptr}};
  EXPECT_EQ(why_not(schema, job), "");
  EXPECT_TRUE(parse_new_job(job.dump()));
  job["colour"] = "red";
  EXPECT_NE(why_not(schema, job), "");
}

TEST(Schema, a_name_stands_for_one_schema) {
  const Schema one = schema::text().named("One");
  EXPECT_EQ(one.json()["$ref"], "#/components/schemas/One");
  const Schema twice = schema::object({schema::must("a", one), schema::may("b", one)});
  EXPECT_EQ(twice.parts().size(), 1U);
  EXPECT_DEATH(
      schema::object({schema::must("a", one), schema::must("b", schema::truth().named("One"))}),
      "two schemas");
}

}  // namespace
}  // namespace pare::wire
