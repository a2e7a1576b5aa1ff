{{- /* What the schema can't say: values that don't go together end the rendering with a sentence. */ -}}
{{- define "voltring.checks" -}}
{{- $values := .Values }}
{{- if not $values.embedded.enabled }}
  {{- if not $values.postgres.existingSecret }}
    {{- fail "postgres.existingSecret is empty: name a Secret that has the DSN of PostgreSQL under the key postgres.key, or set embedded.enabled=true for a trial" }}
  {{- end }}
  {{- if not $values.redis.existingSecret }}
    {{- fail "redis.existingSecret is empty: name a Secret that has the URL of Redis under the key redis.key, or set embedded.enabled=true for a trial" }}
  {{- end }}
{{- end }}
{{- if gt (len (include "voltring.fullname" .)) 40 }}
  {{- fail (printf "the name %q has more than 40 characters: set fullnameOverride to a shorter one" (include "voltring.fullname" .)) }}
{{- end }}
{{- if gt (int $values.fleet.slots.min) (int $values.fleet.slots.max) }}
  {{- fail (printf "fleet.slots.min %v is more than fleet.slots.max %v" $values.fleet.slots.min $values.fleet.slots.max) }}
{{- end }}
{{- if gt (int $values.fleet.target.connectionsPerPod) (int $values.fleet.hardCap.connectionsPerPod) }}
  {{- fail (printf "fleet.hardCap.connectionsPerPod %v is less than fleet.target.connectionsPerPod %v" $values.fleet.hardCap.connectionsPerPod $values.fleet.target.connectionsPerPod) }}
{{- end }}
{{- if gt (float64 $values.fleet.rebalance.stopRatio) (float64 $values.fleet.rebalance.startRatio) }}
  {{- fail (printf "fleet.rebalance.stopRatio %v is more than fleet.rebalance.startRatio %v" $values.fleet.rebalance.stopRatio $values.fleet.rebalance.startRatio) }}
{{- end }}
{{- range list "call_timeout" "concurrent_sessions" }}
  {{- if ne (toString (get $values.node.settings .)) (toString (get $values.worker.settings .)) }}
    {{- fail (printf "node.settings.%s and worker.settings.%s must be the same: both go by it" . .) }}
  {{- end }}
{{- end }}
{{- with $values.router.tls }}
  {{- if and .enabled (not .existingSecret) (not .certManager.enabled) }}
    {{- fail "router.tls.enabled without a certificate: name a Secret in router.tls.existingSecret, or set router.tls.certManager.enabled=true" }}
  {{- end }}
  {{- if and .certManager.enabled (or (not .certManager.issuerRef) (not .certManager.dnsNames)) }}
    {{- fail "router.tls.certManager.enabled needs router.tls.certManager.issuerRef and at least one of router.tls.certManager.dnsNames" }}
  {{- end }}
  {{- if and (ne .clientCertificates.mode "none") (not .enabled) }}
    {{- fail (printf "router.tls.clientCertificates.mode=%s needs router.tls.enabled=true" .clientCertificates.mode) }}
  {{- end }}
  {{- if and (ne .clientCertificates.mode "none") (not .clientCertificates.caSecret) }}
    {{- fail (printf "router.tls.clientCertificates.mode=%s needs the certificate authority of the chargers: name its Secret in router.tls.clientCertificates.caSecret" .clientCertificates.mode) }}
  {{- end }}
{{- end }}
{{- if and $values.api.ingress.enabled (not $values.api.ingress.hosts) }}
  {{- fail "api.ingress.enabled needs at least one name in api.ingress.hosts" }}
{{- end }}
{{- if and $values.api.gateway.enabled (not $values.api.gateway.parentRefs) }}
  {{- fail "api.gateway.enabled needs at least one Gateway in api.gateway.parentRefs" }}
{{- end }}
{{- if and $values.loadtest.enabled (not $values.loadtest.url) $values.router.tls.enabled (not $values.router.tls.plain) }}
  {{- fail "loadtest.enabled while the router takes TLS alone: say in loadtest.url under which name its certificate is known, as wss://csms.example.com/ocpp" }}
{{- end }}
{{- end }}
