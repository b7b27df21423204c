// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

#include "vf.h"

#include "weft/sriov.h"

#include "control/report/pf.h"
#include "control/vf/enforcement.h"
#include "control/vf/provision.h"

static int
pf_param(const json_t *params, struct weft_pci_function *pf, struct weft_error *err)
{
	const char *name = json_string_value(json_object_get(params, "pf"));

	if (name == NULL)
		return weft_fail(err, EINVAL, "params.pf: missing; give an interface or a PCI address");
	return weft_sriov_pf(weft_sysfs(), name, pf, err);
}

json_t *
weft_api_vf_create(const json_t *params, struct weft_error *err)
{
	json_int_t count = json_integer_value(json_object_get(params, "count"));
	struct weft_pci_function pf;

	if (pf_param(params, &pf, err) || weft_provision_create(&pf, count, err))
		return NULL;
	return weft_report_function(params, err);
}

json_t *
weft_api_vf_destroy(const json_t *params, struct weft_error *err)
{
	struct weft_pci_function pf;

	if (pf_param(params, &pf, err) || weft_provision_destroy(&pf, err))
		return NULL;
	return weft_report_function(params, err);
}
