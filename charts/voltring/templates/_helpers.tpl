{{- /*
What several rooms' templates share. Each takes a dict with `root` ($) and `room` unless it says otherwise.

  voltring.env.common     variables that every room has: log level, PostgreSQL, Redis
  voltring.env.settings   `settings` of a room's values as VOLTRING_* variables
  voltring.env.secret     (dict "name" "VOLTRING_X" "secret" "s" "key" "k") one variable from a Secret
  voltring.pod            what a room's pods have beside their containers
  voltring.container      what a room's containers have beside their ports and probes
  voltring.migrate        the init container that brings an embedded database up to date
  voltring.checksums      annotations that change when a Secret does which the pods read at their start
  voltring.made           ($) random values that are made once: as YAML, kept in the cluster's own Secrets
*/ -}}

{{- define "voltring.env.secret" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
{{- end }}

{{- define "voltring.env.postgres" -}}
{{- if .Values.embedded.enabled }}
{{- include "voltring.env.secret" (dict "name" "VOLTRING_POSTGRES_DSN" "secret" (include "voltring.secret.embedded" .) "key" "postgres-dsn") }}
{{- else }}
{{- include "voltring.env.secret" (dict "name" "VOLTRING_POSTGRES_DSN" "secret" .Values.postgres.existingSecret "key" .Values.postgres.key) }}
{{- end }}
{{- end }}

{{- define "voltring.env.redis" -}}
{{- if .Values.embedded.enabled }}
{{- include "voltring.env.secret" (dict "name" "VOLTRING_REDIS_URL" "secret" (include "voltring.secret.embedded" .) "key" "redis-url") }}
{{- else }}
{{- include "voltring.env.secret" (dict "name" "VOLTRING_REDIS_URL" "secret" .Values.redis.existingSecret "key" .Values.redis.key) }}
{{- end }}
- name: VOLTRING_REDIS_CLUSTER
  value: {{ and .Values.redis.cluster (not .Values.embedded.enabled) | quote }}
{{- end }}

{{- define "voltring.env.common" -}}
{{ include "voltring.env.postgres" .root }}
{{ include "voltring.env.redis" .root }}
- name: VOLTRING_LOG_LEVEL
  value: {{ .root.Values.logLevel }}
{{- end }}

{{- define "voltring.env.admin" -}}
- name: VOLTRING_ADMIN_HOST
  value: 0.0.0.0
- name: VOLTRING_ADMIN_PORT
  value: "9001"
{{- end }}

{{- define "voltring.env.settings" -}}
{{- $values := index .root.Values .room }}
{{- range $name, $value := $values.settings }}
- name: VOLTRING_{{ upper $name }}
  {{- /* A number of a values file is a float here: 100000 would be written 1e+05. */}}
  value: {{ if and (kindIs "float64" $value) (eq (float64 (int64 $value)) $value) }}{{ int64 $value | quote }}{{ else }}{{ $value | quote }}{{ end }}
{{- end }}
{{- with $values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "voltring.pod" -}}
{{- $values := index .root.Values .room }}
automountServiceAccountToken: {{ default false .token }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ default 10001 .uid }}
  runAsGroup: {{ default 10001 .uid }}
  fsGroup: {{ default 10001 .uid }}
  {{- if hasPrefix "embedded" .room }}
  # A volume full of data is not gone through at each start.
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml $values.topologySpreadConstraints | nindent 2 }}
{{- else }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "voltring.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "voltring.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "voltring.container" -}}
image: {{ include "voltring.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  {{- include "voltring.restricted" . | nindent 2 }}
{{- with .root.Values.tls.extraVolumeMounts }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "voltring.volumes" -}}
{{- with .Values.tls.extraVolumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "voltring.migrate" -}}
{{- if .root.Values.embedded.enabled }}
initContainers:
  - name: migrate
    args: [migrate]
    {{- include "voltring.container" . | nindent 4 }}
    env:
      {{- include "voltring.env.postgres" .root | nindent 6 }}
    resources:
      {{- toYaml .root.Values.migrations.resources | nindent 6 }}
{{- end }}
{{- end }}

{{- define "voltring.probes" -}}
{{- /* port, and which path says that it is ready */ -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: {{ default "/readyz" .ready }}, port: {{ .port }}}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}

{{- define "voltring.made" -}}
{{- if not (hasKey .Values.secrets "made") }}
  {{- $tokens := dict }}
  {{- $previous := dict }}
  {{- $found := (lookup "v1" "Secret" .Release.Namespace (include "voltring.secret.tokens" .)).data | default dict }}
  {{- range list .Values.secrets.adminTokenKey .Values.secrets.bootstrapTokenKey }}
    {{- $_ := set $tokens . (get $found . | default (randAlphaNum 40 | b64enc)) }}
  {{- end }}
  {{- with .Values.secrets.previousAdminTokenKey }}
    {{- $_ := set $previous . (get $found .) }}
  {{- end }}
  {{- $embedded := dict }}
  {{- $found := (lookup "v1" "Secret" .Release.Namespace (include "voltring.secret.embedded" .)).data | default dict }}
  {{- range list "postgres-password" "valkey-password" }}
    {{- $_ := set $embedded . (get $found . | default (randAlphaNum 40 | b64enc)) }}
  {{- end }}
  {{- $_ := set .Values.secrets "made" (dict "tokens" $tokens "previous" $previous "embedded" $embedded) }}
{{- end }}
{{- toYaml .Values.secrets.made }}
{{- end }}

{{- define "voltring.digest" -}}
{{- /* root, secret: of what a Secret that was given holds */ -}}
{{- (lookup "v1" "Secret" .root.Release.Namespace .secret).data | default dict | toJson | sha256sum | trunc 16 }}
{{- end }}

{{- define "voltring.checksums" -}}
{{- $values := .root.Values }}
{{- if $values.embedded.enabled }}
checksum/embedded: {{ (include "voltring.made" .root | fromYaml).embedded | toJson | sha256sum | trunc 16 }}
{{- else }}
checksum/postgres: {{ include "voltring.digest" (dict "root" .root "secret" $values.postgres.existingSecret) }}
checksum/redis: {{ include "voltring.digest" (dict "root" .root "secret" $values.redis.existingSecret) }}
{{- end }}
{{- end }}

{{- define "voltring.checksum.tokens" -}}
{{- /* root, keys: of those tokens that a room reads; another room's new token restarts nobody here */ -}}
{{- $found := dict }}
{{- if .root.Values.secrets.existingSecret }}
  {{- $found = (lookup "v1" "Secret" .root.Release.Namespace .root.Values.secrets.existingSecret).data | default dict }}
{{- else }}
  {{- $made := include "voltring.made" .root | fromYaml }}
  {{- $found = merge (dict) $made.tokens $made.previous }}
{{- end }}
{{- $read := dict }}
{{- range .keys }}
  {{- $_ := set $read . (get $found .) }}
{{- end -}}
checksum/tokens: {{ $read | toJson | sha256sum | trunc 16 }}
{{- end }}
